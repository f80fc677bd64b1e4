ALTER TABLE "alert_rule" ADD COLUMN "key" text;--> statement-breakpoint
CREATE UNIQUE INDEX "alert_rule_key" ON "alert_rule" USING btree ("organization_id","key") WHERE deleted_at is null;