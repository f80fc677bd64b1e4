ALTER TABLE "customer_state" ADD COLUMN "is_further" boolean DEFAULT false NOT NULL;--> statement-breakpoint
-- The first by its code stands for the rest of a customer's currencies: which of them came first, nobody knows any more.
ALTER TABLE customer_state NO FORCE ROW LEVEL SECURITY;--> statement-breakpoint
UPDATE customer_state AS later SET is_further = true WHERE EXISTS (
  SELECT FROM customer_state AS first
  WHERE first.organization_id = later.organization_id AND first.customer_id = later.customer_id
    AND first.currency < later.currency
);--> statement-breakpoint
ALTER TABLE customer_state FORCE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE INDEX "customer_next_review" ON "customer" USING btree ("organization_id",coalesce("next_credit_review_on", '9999-12-31'::date),"id");--> statement-breakpoint
CREATE INDEX "customer_held" ON "customer" USING btree ("organization_id","id") WHERE credit_hold_since is not null;--> statement-breakpoint
CREATE INDEX "customer_limit_through" ON "customer" USING btree ("organization_id","credit_limit_through") WHERE credit_limit_through is not null;--> statement-breakpoint
CREATE INDEX "customer_limit_not_set" ON "customer" USING btree ("organization_id","id") WHERE credit_limit_state = 'NOT_SET';--> statement-breakpoint
CREATE INDEX "customer_limit_unlimited" ON "customer" USING btree ("organization_id","id") WHERE credit_limit_state = 'UNLIMITED';--> statement-breakpoint
CREATE INDEX "customer_risk_high" ON "customer" USING btree ("organization_id","id") WHERE risk_class = 'HIGH';--> statement-breakpoint
CREATE INDEX "customer_risk_medium" ON "customer" USING btree ("organization_id","id") WHERE risk_class = 'MEDIUM';--> statement-breakpoint
CREATE INDEX "customer_risk_low" ON "customer" USING btree ("organization_id","id") WHERE risk_class = 'LOW';--> statement-breakpoint
CREATE INDEX "customer_state_owed" ON "customer_state" USING btree ("organization_id","currency","receivable","customer_id") WHERE receivable <> 0;--> statement-breakpoint
CREATE INDEX "customer_state_further" ON "customer_state" USING btree ("organization_id","customer_id") WHERE is_further;--> statement-breakpoint

-- How the index over an expression is spread is known from now on, and not only once somebody vacuums.
ANALYZE customer;--> statement-breakpoint
ANALYZE customer_state;
