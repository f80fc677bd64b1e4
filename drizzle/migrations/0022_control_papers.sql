CREATE TYPE "public"."control_conclusion" AS ENUM('EFFECTIVE', 'DEFICIENT', 'MATERIAL_WEAKNESS');--> statement-breakpoint
CREATE TABLE "control_paper" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"test" text NOT NULL,
	"period_from" date NOT NULL,
	"period_to" date NOT NULL,
	"found" jsonb NOT NULL,
	"found_at" timestamptz NOT NULL,
	"notes" text,
	"conclusion" "control_conclusion",
	"marks" jsonb NOT NULL,
	"opened_at" timestamptz DEFAULT clock_timestamp() NOT NULL,
	"opened_by" text NOT NULL,
	"signed_at" timestamptz,
	"signed_by" uuid,
	"digest" text,
	"version" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "control_paper_organization_id_id_pk" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
ALTER TABLE "control_paper" ADD CONSTRAINT "control_paper_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "control_paper" ADD CONSTRAINT "control_paper_signer" FOREIGN KEY ("organization_id","signed_by") REFERENCES "public"."person"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "control_paper_test" ON "control_paper" USING btree ("organization_id","test","id");--> statement-breakpoint
-- The second wall, as for every table of an organization; and what is signed cannot be changed by anybody.
ALTER TABLE control_paper ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE control_paper FORCE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE POLICY tenant ON control_paper USING (organization_id = nullif(current_setting('tidemark.organization_id', true), '')::uuid);--> statement-breakpoint
CREATE POLICY unsigned ON control_paper AS RESTRICTIVE FOR UPDATE USING (signed_at IS NULL) WITH CHECK (true);--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE ON control_paper TO tidemark_app;
