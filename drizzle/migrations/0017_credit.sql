CREATE TYPE "public"."risk_class" AS ENUM('LOW', 'MEDIUM', 'HIGH');--> statement-breakpoint
CREATE TABLE "credit_limit" (
	"organization_id" uuid NOT NULL,
	"customer_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"state" "credit_limit_state" NOT NULL,
	"amount" bigint,
	"currency" text,
	"effective_on" date NOT NULL,
	"until" date,
	"audit_id" uuid,
	"recorded_at" timestamptz DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "credit_limit_organization_id_customer_id_effective_on_version_pk" PRIMARY KEY("organization_id","customer_id","effective_on","version"),
	CONSTRAINT "credit_limit_amount" CHECK (("credit_limit"."state" = 'AMOUNT') = ("credit_limit"."amount" is not null) and ("credit_limit"."amount" is null) = ("credit_limit"."currency" is null) and coalesce("credit_limit"."amount" >= 0, true)),
	CONSTRAINT "credit_limit_days" CHECK ("credit_limit"."until" >= "credit_limit"."effective_on")
);
--> statement-breakpoint
ALTER TABLE "customer" ADD COLUMN "credit_limit_through" date;--> statement-breakpoint
ALTER TABLE "customer" ADD COLUMN "risk_class" "risk_class";--> statement-breakpoint
ALTER TABLE "customer" ADD COLUMN "credit_reviewed_on" date;--> statement-breakpoint
ALTER TABLE "customer" ADD COLUMN "next_credit_review_on" date;--> statement-breakpoint
ALTER TABLE "customer" ADD COLUMN "credit_hold_reason" text;--> statement-breakpoint
ALTER TABLE "customer" ADD COLUMN "credit_hold_since" timestamptz;--> statement-breakpoint
ALTER TABLE "customer" ADD COLUMN "credit_hold_by" text;--> statement-breakpoint
ALTER TABLE "credit_limit" ADD CONSTRAINT "credit_limit_customer" FOREIGN KEY ("organization_id","customer_id") REFERENCES "public"."customer"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint

-- The second wall, as for every table of an organization. What was decided once is never changed.
ALTER TABLE "credit_limit" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE POLICY tenant ON "credit_limit" USING (organization_id = nullif(current_setting('tidemark.organization_id', true), '')::uuid);--> statement-breakpoint
GRANT SELECT, INSERT ON "credit_limit" TO tidemark_app;--> statement-breakpoint
-- Limits that were set before hold from the day on which that was. FORCE would hide the rows from an owner who is no
-- superuser.
ALTER TABLE customer NO FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE audit NO FORCE ROW LEVEL SECURITY;--> statement-breakpoint
INSERT INTO credit_limit (organization_id, customer_id, version, state, amount, currency, effective_on, audit_id, recorded_at)
SELECT customer.organization_id, customer.id, customer.version, customer.credit_limit_state, customer.credit_limit,
  customer.credit_limit_currency,
  (coalesce(latest.recorded_at, customer.created_at) AT TIME ZONE organization.time_zone)::date,
  latest.id, coalesce(latest.recorded_at, customer.created_at)
FROM customer
JOIN organization ON organization.id = customer.organization_id
LEFT JOIN LATERAL (
  SELECT audit.id, audit.recorded_at FROM audit
  WHERE audit.organization_id = customer.organization_id AND audit.subject = customer.id::text
    AND audit.action = 'setCreditLimit'
  ORDER BY audit.recorded_at DESC, audit.id DESC LIMIT 1
) AS latest ON true
WHERE customer.credit_limit_state <> 'NOT_SET' OR latest.id IS NOT NULL;--> statement-breakpoint
ALTER TABLE audit FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE customer FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "credit_limit" FORCE ROW LEVEL SECURITY;
