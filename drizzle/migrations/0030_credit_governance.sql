ALTER TYPE "public"."authority_action" ADD VALUE 'ORDER_OVERRIDE';--> statement-breakpoint
ALTER TABLE "alert" ADD COLUMN "escalation_days" integer;--> statement-breakpoint
CREATE UNIQUE INDEX "alert_escalation" ON "alert" USING btree ("organization_id","customer_id","escalation_days","rule_id") WHERE escalation_days is not null and ended_at is null;