-- What is folded is emptied: without its position (kpi_fold) the server makes it anew out of `flow` at its next start.
TRUNCATE kpi_fold, kpi_beginning, kpi_day, kpi_month, kpi_late, kpi_checkpoint;--> statement-breakpoint
CREATE TABLE "kpi_day_recorded" (
	"organization_id" uuid NOT NULL,
	"measure" text NOT NULL,
	"level" smallint NOT NULL,
	"cut" integer NOT NULL,
	"day" date NOT NULL,
	"anchor" date NOT NULL,
	"recorded_on" date NOT NULL,
	"amount" bigint NOT NULL,
	"count" integer NOT NULL,
	"days" bigint NOT NULL,
	"amount_days" numeric NOT NULL,
	CONSTRAINT "kpi_day_recorded_pk" PRIMARY KEY("organization_id","measure","level","cut","day","anchor","recorded_on")
);
--> statement-breakpoint
DROP INDEX "kpi_day_early";--> statement-breakpoint
ALTER TABLE "kpi_day" DROP CONSTRAINT "kpi_day_organization_id_measure_level_cut_day_anchor_recorded_on_pk";--> statement-breakpoint
ALTER TABLE "kpi_day" ADD CONSTRAINT "kpi_day_organization_id_measure_level_cut_day_anchor_pk" PRIMARY KEY("organization_id","measure","level","cut","day","anchor");--> statement-breakpoint
CREATE INDEX "kpi_day_recorded_early" ON "kpi_day_recorded" USING btree ("organization_id","measure","level","cut","day") WHERE recorded_on < day;--> statement-breakpoint
ALTER TABLE "kpi_day" DROP COLUMN "recorded_on";--> statement-breakpoint

-- The second wall, as for every table of an organization.
ALTER TABLE kpi_day_recorded ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE kpi_day_recorded FORCE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE POLICY tenant ON kpi_day_recorded USING (organization_id = nullif(current_setting('tidemark.organization_id', true), '')::uuid);--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON kpi_day_recorded TO tidemark_app;--> statement-breakpoint
ALTER TABLE kpi_day_recorded SET (fillfactor = 90);
