ALTER TABLE "goal" ADD COLUMN "baseline_numerator" numeric;--> statement-breakpoint
ALTER TABLE "goal" ADD COLUMN "baseline_denominator" numeric;--> statement-breakpoint
CREATE INDEX "flow_recorded" ON "flow" USING btree ("organization_id","recorded_at");