CREATE TABLE "policy_text" (
	"organization_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"title" text NOT NULL,
	"body" text NOT NULL,
	"authors" text[] NOT NULL,
	"revision" integer NOT NULL,
	"saved_at" timestamptz NOT NULL,
	"published_at" timestamptz,
	CONSTRAINT "policy_text_organization_id_version_pk" PRIMARY KEY("organization_id","version")
);
--> statement-breakpoint
CREATE TABLE "policy_text_acknowledgement" (
	"organization_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"person_id" uuid NOT NULL,
	"digest" text NOT NULL,
	"audit_id" uuid NOT NULL,
	"recorded_at" timestamptz DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "policy_text_acknowledgement_pk" PRIMARY KEY("organization_id","version","person_id")
);
--> statement-breakpoint
CREATE TABLE "policy_text_approval" (
	"organization_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"sequence" integer NOT NULL,
	"person_id" uuid NOT NULL,
	"approved_on" date NOT NULL,
	"due_on" date NOT NULL,
	"audit_id" uuid NOT NULL,
	"recorded_at" timestamptz DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "policy_text_approval_organization_id_version_sequence_pk" PRIMARY KEY("organization_id","version","sequence")
);
--> statement-breakpoint
CREATE TABLE "policy_text_mailing" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"version" integer NOT NULL,
	"email" text NOT NULL,
	"customer_id" uuid,
	"message" text,
	"state" "alert_delivery_state" NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"last_error" text,
	"leased_until" timestamptz,
	"sent_at" timestamptz,
	"audit_id" uuid NOT NULL,
	"recorded_at" timestamptz DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "policy_text_mailing_organization_id_id_pk" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
ALTER TABLE "policy_text" ADD CONSTRAINT "policy_text_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "policy_text_acknowledgement" ADD CONSTRAINT "policy_text_acknowledgement_text" FOREIGN KEY ("organization_id","version") REFERENCES "public"."policy_text"("organization_id","version") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "policy_text_acknowledgement" ADD CONSTRAINT "policy_text_acknowledgement_person" FOREIGN KEY ("organization_id","person_id") REFERENCES "public"."person"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "policy_text_approval" ADD CONSTRAINT "policy_text_approval_text" FOREIGN KEY ("organization_id","version") REFERENCES "public"."policy_text"("organization_id","version") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "policy_text_approval" ADD CONSTRAINT "policy_text_approval_person" FOREIGN KEY ("organization_id","person_id") REFERENCES "public"."person"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "policy_text_mailing" ADD CONSTRAINT "policy_text_mailing_text" FOREIGN KEY ("organization_id","version") REFERENCES "public"."policy_text"("organization_id","version") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "policy_text_mailing" ADD CONSTRAINT "policy_text_mailing_customer" FOREIGN KEY ("organization_id","customer_id") REFERENCES "public"."customer"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "policy_text_mailing_version" ON "policy_text_mailing" USING btree ("organization_id","version","id");--> statement-breakpoint
CREATE INDEX "policy_text_mailing_waiting" ON "policy_text_mailing" USING btree ("organization_id") WHERE state in ('QUEUED', 'FAILED');--> statement-breakpoint

-- The second wall, as for every table of an organization. What was published, approved and acknowledged stays what it was.
DO $$
DECLARE
  tenant_table text;
BEGIN
  FOREACH tenant_table IN ARRAY ARRAY['policy_text', 'policy_text_approval', 'policy_text_acknowledgement',
    'policy_text_mailing']
  LOOP
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', tenant_table);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', tenant_table);
    EXECUTE format(
      'CREATE POLICY tenant ON %s USING (organization_id = nullif(current_setting(''tidemark.organization_id'', true), '''')::uuid)',
      tenant_table
    );
    EXECUTE format('GRANT SELECT, INSERT ON %s TO tidemark_app', tenant_table);
  END LOOP;
END $$;--> statement-breakpoint
CREATE POLICY draft ON policy_text AS RESTRICTIVE FOR UPDATE USING (published_at IS NULL) WITH CHECK (true);--> statement-breakpoint
GRANT UPDATE ON policy_text, policy_text_mailing TO tidemark_app;
