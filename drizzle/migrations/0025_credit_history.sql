CREATE TABLE "credit_review" (
	"organization_id" uuid NOT NULL,
	"customer_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"risk_class" "risk_class",
	"reviewed_on" date NOT NULL,
	"next_review_on" date,
	"audit_id" uuid NOT NULL,
	"recorded_at" timestamptz DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "credit_review_organization_id_customer_id_reviewed_on_version_pk" PRIMARY KEY("organization_id","customer_id","reviewed_on","version")
);
--> statement-breakpoint
CREATE TABLE "sales_plan" (
	"organization_id" uuid NOT NULL,
	"month" date NOT NULL,
	"channel" text NOT NULL,
	"region" text NOT NULL,
	"product_line" text NOT NULL,
	"recorded_at" timestamptz DEFAULT clock_timestamp() NOT NULL,
	"planned" bigint NOT NULL,
	"currency" text NOT NULL,
	"terms_days" integer NOT NULL,
	"audit_id" uuid NOT NULL,
	CONSTRAINT "sales_plan_pk" PRIMARY KEY("organization_id","month","channel","region","product_line","recorded_at"),
	CONSTRAINT "sales_plan_planned" CHECK ("sales_plan"."planned" >= 0 and "sales_plan"."terms_days" >= 0)
);
--> statement-breakpoint
ALTER TABLE "order_event" ADD COLUMN "is_over_limit" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "credit_review" ADD CONSTRAINT "credit_review_customer" FOREIGN KEY ("organization_id","customer_id") REFERENCES "public"."customer"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sales_plan" ADD CONSTRAINT "sales_plan_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "order_event_occurred" ON "order_event" USING btree ("organization_id","occurred_on");--> statement-breakpoint

-- The second wall, as for every table of an organization. What a review came to, and what was planned, stays what it was.
ALTER TABLE "credit_review" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE POLICY tenant ON "credit_review" USING (organization_id = nullif(current_setting('tidemark.organization_id', true), '')::uuid);--> statement-breakpoint
GRANT SELECT, INSERT ON "credit_review" TO tidemark_app;--> statement-breakpoint
ALTER TABLE "sales_plan" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "sales_plan" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE POLICY tenant ON "sales_plan" USING (organization_id = nullif(current_setting('tidemark.organization_id', true), '')::uuid);--> statement-breakpoint
GRANT SELECT, INSERT ON "sales_plan" TO tidemark_app;--> statement-breakpoint
-- Of reviews before there is the audit. FORCE would hide the rows from an owner who is no superuser.
ALTER TABLE audit NO FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE customer NO FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE order_event NO FORCE ROW LEVEL SECURITY;--> statement-breakpoint
INSERT INTO credit_review (organization_id, customer_id, version, risk_class, reviewed_on, next_review_on, audit_id, recorded_at)
SELECT audit.organization_id, customer.id,
  -- Which version each made is not in the audit: their order is, and versions begin with 1.
  (row_number() OVER (PARTITION BY audit.organization_id, audit.subject ORDER BY audit.recorded_at, audit.id))::int
    - (count(*) OVER (PARTITION BY audit.organization_id, audit.subject))::int,
  (audit.after->>'riskClass')::risk_class, (audit.after->>'reviewedOn')::date, (audit.after->>'nextReviewOn')::date,
  audit.id, audit.recorded_at
FROM audit
JOIN customer ON customer.organization_id = audit.organization_id AND customer.id::text = audit.subject
WHERE audit.action = 'reviewCredit' AND audit.after->>'reviewedOn' IS NOT NULL;--> statement-breakpoint
-- Why an order was let go before was not kept: who overrode the credit is taken to have exceeded a limit.
UPDATE order_event SET is_over_limit = true WHERE is_override;--> statement-breakpoint
ALTER TABLE order_event FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE customer FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE audit FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "credit_review" FORCE ROW LEVEL SECURITY;
