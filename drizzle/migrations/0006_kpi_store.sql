CREATE TABLE "kpi_beginning" (
	"organization_id" uuid NOT NULL,
	"recorded_at" timestamptz NOT NULL,
	"day" date NOT NULL,
	CONSTRAINT "kpi_beginning_organization_id_recorded_at_pk" PRIMARY KEY("organization_id","recorded_at")
);
--> statement-breakpoint
CREATE TABLE "kpi_checkpoint" (
	"organization_id" uuid NOT NULL,
	"measure" text NOT NULL,
	"level" smallint NOT NULL,
	"cut" integer NOT NULL,
	"month" date NOT NULL,
	"anchor" date NOT NULL,
	"amount" bigint NOT NULL,
	"count" integer NOT NULL,
	"amount_days" numeric NOT NULL,
	CONSTRAINT "kpi_checkpoint_organization_id_month_measure_level_cut_anchor_pk" PRIMARY KEY("organization_id","month","measure","level","cut","anchor")
);
--> statement-breakpoint
CREATE TABLE "kpi_day" (
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
	CONSTRAINT "kpi_day_organization_id_measure_level_cut_day_anchor_recorded_on_pk" PRIMARY KEY("organization_id","measure","level","cut","day","anchor","recorded_on")
);
--> statement-breakpoint
CREATE TABLE "kpi_fold" (
	"organization_id" uuid NOT NULL,
	"xid" "xid8" NOT NULL,
	"day" date NOT NULL,
	"recorded_max" timestamptz NOT NULL,
	"checkpoint_on" date NOT NULL,
	"rows" bigint NOT NULL,
	CONSTRAINT "kpi_fold_organization_id_pk" PRIMARY KEY("organization_id")
);
--> statement-breakpoint
CREATE TABLE "kpi_late" (
	"organization_id" uuid NOT NULL,
	"measure" text NOT NULL,
	"level" smallint NOT NULL,
	"cut" integer NOT NULL,
	"is_total" boolean NOT NULL,
	"recorded_on" date NOT NULL,
	"month" date NOT NULL,
	"anchor" date NOT NULL,
	"amount" bigint NOT NULL,
	"count" integer NOT NULL,
	"days" bigint NOT NULL,
	"amount_days" numeric NOT NULL,
	CONSTRAINT "kpi_late_pk" PRIMARY KEY("organization_id","measure","level","cut","is_total","recorded_on","month","anchor")
);
--> statement-breakpoint
CREATE TABLE "kpi_month" (
	"organization_id" uuid NOT NULL,
	"measure" text NOT NULL,
	"level" smallint NOT NULL,
	"cut" integer NOT NULL,
	"month" date NOT NULL,
	"anchor" date NOT NULL,
	"amount" bigint NOT NULL,
	"count" integer NOT NULL,
	"days" bigint NOT NULL,
	"amount_days" numeric NOT NULL,
	CONSTRAINT "kpi_month_organization_id_measure_level_cut_month_anchor_pk" PRIMARY KEY("organization_id","measure","level","cut","month","anchor")
);
--> statement-breakpoint
DROP INDEX "flow_day";--> statement-breakpoint
CREATE INDEX "kpi_day_early" ON "kpi_day" USING btree ("organization_id","measure","level","cut","day") WHERE recorded_on < day;--> statement-breakpoint
CREATE INDEX "flow_segment_measure" ON "flow" USING btree ("organization_id","segment_id","measure","day");--> statement-breakpoint
CREATE INDEX "flow_xid" ON "flow" USING btree ("organization_id","xid","day");--> statement-breakpoint

-- The second wall, as for every table of an organization. All of these are derived from `flow` and can be rebuilt.
DO $$
DECLARE
  tenant_table regclass;
BEGIN
  FOREACH tenant_table IN ARRAY ARRAY['kpi_fold', 'kpi_beginning', 'kpi_day', 'kpi_month', 'kpi_late', 'kpi_checkpoint']::regclass[]
  LOOP
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', tenant_table);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', tenant_table);
    EXECUTE format(
      'CREATE POLICY tenant ON %s USING (organization_id = nullif(current_setting(''tidemark.organization_id'', true), '''')::uuid)',
      tenant_table
    );
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO tidemark_app', tenant_table);
  END LOOP;
END $$;--> statement-breakpoint
-- The rows of today, of this month and of the last checkpoints change with every fold; room on their pages keeps that cheap.
ALTER TABLE kpi_day SET (fillfactor = 90);--> statement-breakpoint
ALTER TABLE kpi_month SET (fillfactor = 90);--> statement-breakpoint
ALTER TABLE kpi_checkpoint SET (fillfactor = 90);
