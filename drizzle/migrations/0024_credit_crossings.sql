CREATE TABLE "credit_crossing" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"customer_id" uuid NOT NULL,
	"exposure" bigint NOT NULL,
	"limit" bigint NOT NULL,
	"currency" text NOT NULL,
	"since" timestamptz NOT NULL,
	"ended_at" timestamptz,
	CONSTRAINT "credit_crossing_organization_id_id_pk" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
CREATE TABLE "credit_watch" (
	"organization_id" uuid NOT NULL,
	"seen" "pg_snapshot" NOT NULL,
	"watched_on" date NOT NULL,
	"swept_to" uuid,
	CONSTRAINT "credit_watch_organization_id_pk" PRIMARY KEY("organization_id")
);
--> statement-breakpoint
ALTER TABLE "alert" ADD COLUMN "customer_id" uuid;--> statement-breakpoint
ALTER TABLE "alert" ADD COLUMN "crossing_id" uuid;--> statement-breakpoint
ALTER TABLE "credit_crossing" ADD CONSTRAINT "credit_crossing_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "credit_crossing" ADD CONSTRAINT "credit_crossing_customer" FOREIGN KEY ("organization_id","customer_id") REFERENCES "public"."customer"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "credit_watch" ADD CONSTRAINT "credit_watch_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "credit_crossing_open" ON "credit_crossing" USING btree ("organization_id","customer_id") WHERE ended_at is null;--> statement-breakpoint
CREATE INDEX "credit_crossing_customer" ON "credit_crossing" USING btree ("organization_id","customer_id","id");--> statement-breakpoint
ALTER TABLE "alert" ADD CONSTRAINT "alert_customer" FOREIGN KEY ("organization_id","customer_id") REFERENCES "public"."customer"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "alert" ADD CONSTRAINT "alert_crossing" FOREIGN KEY ("organization_id","crossing_id") REFERENCES "public"."credit_crossing"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "alert_crossing" ON "alert" USING btree ("organization_id","crossing_id","rule_id") WHERE crossing_id is not null;--> statement-breakpoint
CREATE INDEX "alert_customer" ON "alert" USING btree ("organization_id","customer_id","raised_at") WHERE customer_id is not null;--> statement-breakpoint
-- The second wall, as for every table of an organization.
DO $$
DECLARE
  tenant_table regclass;
  mine text := 'organization_id = nullif(current_setting(''tidemark.organization_id'', true), '''')::uuid';
BEGIN
  FOREACH tenant_table IN ARRAY ARRAY['credit_crossing', 'credit_watch']::regclass[]
  LOOP
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', tenant_table);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', tenant_table);
    EXECUTE format('CREATE POLICY tenant ON %s USING (%s)', tenant_table, mine);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %s TO tidemark_app', tenant_table);
  END LOOP;
END $$;
