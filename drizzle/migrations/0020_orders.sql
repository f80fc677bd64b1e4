CREATE TYPE "public"."counted_orders" AS ENUM('NONE', 'RELEASED', 'ALL');--> statement-breakpoint
CREATE TYPE "public"."credit_outcome" AS ENUM('ALLOW', 'REVIEW', 'BLOCK');--> statement-breakpoint
CREATE TYPE "public"."order_event_kind" AS ENUM('RECORDED', 'RELEASED', 'SHIPPED', 'INVOICED', 'UNINVOICED', 'CANCELLED');--> statement-breakpoint
CREATE TYPE "public"."security_kind" AS ENUM('DEPOSIT', 'GUARANTEE', 'LETTER_OF_CREDIT', 'COLLATERAL', 'INSURANCE');--> statement-breakpoint
CREATE TABLE "credit_decision" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"customer_id" uuid NOT NULL,
	"amount" bigint NOT NULL,
	"currency" text NOT NULL,
	"outcome" "credit_outcome" NOT NULL,
	"reasons" jsonb NOT NULL,
	"levels" jsonb NOT NULL,
	"policy_version" integer NOT NULL,
	"decided_on" date NOT NULL,
	"audit_id" uuid NOT NULL,
	"recorded_at" timestamptz DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "credit_decision_organization_id_id_pk" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
CREATE TABLE "credit_policy" (
	"organization_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"counted_orders" "counted_orders" NOT NULL,
	"clearing_days" integer NOT NULL,
	"insurance_counts" boolean NOT NULL,
	"tolerance_basis_points" integer NOT NULL,
	"over_limit" "credit_outcome" NOT NULL,
	"past_due_days" integer NOT NULL,
	"past_due_amount" bigint NOT NULL,
	"past_due" "credit_outcome" NOT NULL,
	"audit_id" uuid NOT NULL,
	"recorded_at" timestamptz DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "credit_policy_organization_id_version_pk" PRIMARY KEY("organization_id","version")
);
--> statement-breakpoint
CREATE TABLE "credit_reservation" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"customer_id" uuid NOT NULL,
	"amount" bigint NOT NULL,
	"currency" text NOT NULL,
	"expires_at" timestamptz NOT NULL,
	"released_at" timestamptz,
	CONSTRAINT "credit_reservation_organization_id_id_pk" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
CREATE TABLE "credit_security" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"customer_id" uuid NOT NULL,
	"kind" "security_kind" NOT NULL,
	"amount" bigint NOT NULL,
	"currency" text NOT NULL,
	"effective_on" date NOT NULL,
	"until" date,
	"reference" text,
	"recorded_at" timestamptz DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "credit_security_organization_id_id_pk" PRIMARY KEY("organization_id","id"),
	CONSTRAINT "credit_security_amount" CHECK ("credit_security"."amount" > 0)
);
--> statement-breakpoint
CREATE TABLE "customer_parent" (
	"organization_id" uuid NOT NULL,
	"customer_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"parent_id" uuid,
	"effective_on" date NOT NULL,
	"until" date,
	"audit_id" uuid NOT NULL,
	"recorded_at" timestamptz DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "customer_parent_organization_id_customer_id_effective_on_version_pk" PRIMARY KEY("organization_id","customer_id","effective_on","version"),
	CONSTRAINT "customer_parent_other" CHECK ("customer_parent"."parent_id" <> "customer_parent"."customer_id"),
	CONSTRAINT "customer_parent_days" CHECK ("customer_parent"."until" >= "customer_parent"."effective_on")
);
--> statement-breakpoint
CREATE TABLE "order_event" (
	"organization_id" uuid NOT NULL,
	"order_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"kind" "order_event_kind" NOT NULL,
	"amount" bigint NOT NULL,
	"occurred_on" date NOT NULL,
	"invoice_id" uuid,
	"reason" text,
	"is_override" boolean DEFAULT false NOT NULL,
	"audit_id" uuid NOT NULL,
	"recorded_at" timestamptz DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "order_event_organization_id_order_id_version_pk" PRIMARY KEY("organization_id","order_id","version")
);
--> statement-breakpoint
CREATE TABLE "sales_order" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"customer_id" uuid NOT NULL,
	"number" text NOT NULL,
	"amount" bigint NOT NULL,
	"currency" text NOT NULL,
	"ordered_on" date NOT NULL,
	"released_on" date,
	"shipped" bigint DEFAULT 0 NOT NULL,
	"invoiced" bigint DEFAULT 0 NOT NULL,
	"cancelled_on" date,
	"is_open" boolean DEFAULT true NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "sales_order_organization_id_id_pk" PRIMARY KEY("organization_id","id"),
	CONSTRAINT "sales_order_number" UNIQUE("organization_id","number"),
	CONSTRAINT "sales_order_amounts" CHECK ("sales_order"."amount" > 0 and "sales_order"."shipped" between 0 and "sales_order"."amount" and "sales_order"."invoiced" between 0 and "sales_order"."amount")
);
--> statement-breakpoint
DROP INDEX "item_customer";--> statement-breakpoint
ALTER TABLE "credit_decision" ADD CONSTRAINT "credit_decision_customer" FOREIGN KEY ("organization_id","customer_id") REFERENCES "public"."customer"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "credit_policy" ADD CONSTRAINT "credit_policy_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "credit_reservation" ADD CONSTRAINT "credit_reservation_decision" FOREIGN KEY ("organization_id","id") REFERENCES "public"."credit_decision"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "credit_security" ADD CONSTRAINT "credit_security_customer" FOREIGN KEY ("organization_id","customer_id") REFERENCES "public"."customer"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "customer_parent" ADD CONSTRAINT "customer_parent_customer" FOREIGN KEY ("organization_id","customer_id") REFERENCES "public"."customer"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "customer_parent" ADD CONSTRAINT "customer_parent_parent" FOREIGN KEY ("organization_id","parent_id") REFERENCES "public"."customer"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "order_event" ADD CONSTRAINT "order_event_order" FOREIGN KEY ("organization_id","order_id") REFERENCES "public"."sales_order"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "order_event" ADD CONSTRAINT "order_event_invoice" FOREIGN KEY ("organization_id","invoice_id") REFERENCES "public"."invoice"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sales_order" ADD CONSTRAINT "sales_order_customer" FOREIGN KEY ("organization_id","customer_id") REFERENCES "public"."customer"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "credit_decision_customer" ON "credit_decision" USING btree ("organization_id","customer_id","id");--> statement-breakpoint
CREATE INDEX "credit_reservation_held" ON "credit_reservation" USING btree ("organization_id","customer_id","expires_at") WHERE released_at is null;--> statement-breakpoint
CREATE INDEX "credit_security_customer" ON "credit_security" USING btree ("organization_id","customer_id");--> statement-breakpoint
CREATE INDEX "customer_parent_parent" ON "customer_parent" USING btree ("organization_id","parent_id");--> statement-breakpoint
CREATE INDEX "order_event_invoice" ON "order_event" USING btree ("organization_id","invoice_id") WHERE invoice_id is not null;--> statement-breakpoint
CREATE INDEX "sales_order_ordered" ON "sales_order" USING btree ("organization_id","ordered_on","id");--> statement-breakpoint
CREATE INDEX "sales_order_open" ON "sales_order" USING btree ("organization_id","customer_id") WHERE is_open;--> statement-breakpoint
CREATE INDEX "item_customer" ON "item" USING btree ("organization_id","customer_id","kind","starts_on");--> statement-breakpoint

-- The second wall, as for every table of an organization.
DO $$
DECLARE
  tenant_table text;
BEGIN
  FOREACH tenant_table IN ARRAY ARRAY['sales_order', 'order_event', 'credit_security', 'customer_parent', 'credit_policy',
    'credit_decision', 'credit_reservation']
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
-- What happened to an order, who belonged to whom, and what was decided stays what it was.
GRANT UPDATE ON sales_order, credit_security, credit_reservation TO tidemark_app;
