CREATE TYPE "public"."alert_channel_kind" AS ENUM('EMAIL', 'WEBHOOK');--> statement-breakpoint
CREATE TYPE "public"."alert_delivery_state" AS ENUM('QUEUED', 'SENT', 'FAILED', 'DEAD');--> statement-breakpoint
CREATE TYPE "public"."alert_ending" AS ENUM('RECOVERED', 'GOAL_RESTS', 'RULE_OFF');--> statement-breakpoint
CREATE TYPE "public"."alert_no_data_policy" AS ENUM('KEEP_LAST', 'ALERT', 'OK');--> statement-breakpoint
CREATE TYPE "public"."alert_phase" AS ENUM('OK', 'PENDING', 'FIRING', 'RECOVERING', 'NO_DATA');--> statement-breakpoint
CREATE TYPE "public"."alert_severity" AS ENUM('INFO', 'WARNING', 'CRITICAL');--> statement-breakpoint
CREATE TYPE "public"."alert_state" AS ENUM('FIRING', 'NO_DATA', 'RECOVERING', 'ENDED');--> statement-breakpoint
CREATE TYPE "public"."alert_transition_kind" AS ENUM('PENDING', 'CLEARED', 'RAISED', 'REPEATED', 'RECOVERING', 'REFIRED', 'RECOVERED', 'ENDED', 'ACKNOWLEDGED', 'SNOOZED');--> statement-breakpoint
CREATE TABLE "alert" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"rule_id" uuid NOT NULL,
	"goal_id" uuid,
	"rule_version" integer NOT NULL,
	"episode" integer NOT NULL,
	"state" "alert_state" NOT NULL,
	"severity" "alert_severity" NOT NULL,
	"summary" text NOT NULL,
	"latest" text NOT NULL,
	"value" numeric,
	"raised_on" date NOT NULL,
	"raised_at" timestamptz NOT NULL,
	"ended_at" timestamptz,
	"ending" "alert_ending",
	"acknowledged_at" timestamptz,
	"acknowledged_by" text,
	"acknowledged_note" text,
	"snoozed_until" timestamptz,
	"snoozed_by" text,
	CONSTRAINT "alert_organization_id_id_pk" PRIMARY KEY("organization_id","id"),
	CONSTRAINT "alert_episode" UNIQUE("organization_id","rule_id","episode")
);
--> statement-breakpoint
CREATE TABLE "alert_channel" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"name" text NOT NULL,
	"kind" "alert_channel_kind" NOT NULL,
	"emails" text[],
	"url" text,
	"secret" text,
	"created_at" timestamptz DEFAULT clock_timestamp() NOT NULL,
	"deleted_at" timestamptz,
	CONSTRAINT "alert_channel_organization_id_id_pk" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
CREATE TABLE "alert_delivery" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"sequence" bigint NOT NULL,
	"alert_id" uuid NOT NULL,
	"channel_id" uuid NOT NULL,
	"state" "alert_delivery_state" NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"last_error" text,
	"created_at" timestamptz NOT NULL,
	"due_at" timestamptz NOT NULL,
	"leased_until" timestamptz,
	"sent_at" timestamptz,
	CONSTRAINT "alert_delivery_organization_id_id_pk" PRIMARY KEY("organization_id","id"),
	CONSTRAINT "alert_delivery_once" UNIQUE("organization_id","sequence","channel_id")
);
--> statement-breakpoint
CREATE TABLE "alert_head" (
	"organization_id" uuid NOT NULL,
	"sequence" bigint NOT NULL,
	CONSTRAINT "alert_head_organization_id_pk" PRIMARY KEY("organization_id")
);
--> statement-breakpoint
CREATE TABLE "alert_rule" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"name" text NOT NULL,
	"goal_id" uuid,
	"metric" text,
	"filter" jsonb,
	"conventions" jsonb,
	"currency" text,
	"condition" jsonb NOT NULL,
	"for_days" integer NOT NULL,
	"for_evaluations" integer NOT NULL,
	"recovery" numeric,
	"keep_firing_days" integer NOT NULL,
	"no_data" "alert_no_data_policy" NOT NULL,
	"repeat_days" integer,
	"severity" "alert_severity" NOT NULL,
	"quiet_hours" jsonb,
	"enabled" boolean NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamptz DEFAULT clock_timestamp() NOT NULL,
	"deleted_at" timestamptz,
	CONSTRAINT "alert_rule_organization_id_id_pk" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
CREATE TABLE "alert_rule_change" (
	"organization_id" uuid NOT NULL,
	"rule_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"actor" text NOT NULL,
	"reason" text,
	"fields" jsonb NOT NULL,
	"recorded_at" timestamptz NOT NULL,
	CONSTRAINT "alert_rule_change_organization_id_rule_id_version_pk" PRIMARY KEY("organization_id","rule_id","version")
);
--> statement-breakpoint
CREATE TABLE "alert_rule_channel" (
	"organization_id" uuid NOT NULL,
	"rule_id" uuid NOT NULL,
	"channel_id" uuid NOT NULL,
	CONSTRAINT "alert_rule_channel_organization_id_rule_id_channel_id_pk" PRIMARY KEY("organization_id","rule_id","channel_id")
);
--> statement-breakpoint
CREATE TABLE "alert_standing" (
	"organization_id" uuid NOT NULL,
	"rule_id" uuid NOT NULL,
	"phase" "alert_phase" NOT NULL,
	"memory" jsonb NOT NULL,
	"alert_id" uuid,
	"due_at" timestamptz,
	CONSTRAINT "alert_standing_organization_id_rule_id_pk" PRIMARY KEY("organization_id","rule_id")
);
--> statement-breakpoint
CREATE TABLE "alert_transition" (
	"organization_id" uuid NOT NULL,
	"sequence" bigint NOT NULL,
	"rule_id" uuid NOT NULL,
	"rule_version" integer NOT NULL,
	"alert_id" uuid,
	"kind" "alert_transition_kind" NOT NULL,
	"from_phase" "alert_phase" NOT NULL,
	"to_phase" "alert_phase" NOT NULL,
	"day" date NOT NULL,
	"value" numeric,
	"reason" text NOT NULL,
	"actor" text,
	"recorded_at" timestamptz NOT NULL,
	CONSTRAINT "alert_transition_organization_id_sequence_pk" PRIMARY KEY("organization_id","sequence")
);
--> statement-breakpoint
ALTER TABLE "alert" ADD CONSTRAINT "alert_rule" FOREIGN KEY ("organization_id","rule_id") REFERENCES "public"."alert_rule"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "alert" ADD CONSTRAINT "alert_goal" FOREIGN KEY ("organization_id","goal_id") REFERENCES "public"."goal"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "alert_channel" ADD CONSTRAINT "alert_channel_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "alert_delivery" ADD CONSTRAINT "alert_delivery_transition" FOREIGN KEY ("organization_id","sequence") REFERENCES "public"."alert_transition"("organization_id","sequence") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "alert_delivery" ADD CONSTRAINT "alert_delivery_alert" FOREIGN KEY ("organization_id","alert_id") REFERENCES "public"."alert"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "alert_delivery" ADD CONSTRAINT "alert_delivery_channel" FOREIGN KEY ("organization_id","channel_id") REFERENCES "public"."alert_channel"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "alert_head" ADD CONSTRAINT "alert_head_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "alert_rule" ADD CONSTRAINT "alert_rule_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "alert_rule" ADD CONSTRAINT "alert_rule_goal" FOREIGN KEY ("organization_id","goal_id") REFERENCES "public"."goal"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "alert_rule_change" ADD CONSTRAINT "alert_rule_change_rule" FOREIGN KEY ("organization_id","rule_id") REFERENCES "public"."alert_rule"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "alert_rule_channel" ADD CONSTRAINT "alert_rule_channel_rule" FOREIGN KEY ("organization_id","rule_id") REFERENCES "public"."alert_rule"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "alert_rule_channel" ADD CONSTRAINT "alert_rule_channel_channel" FOREIGN KEY ("organization_id","channel_id") REFERENCES "public"."alert_channel"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "alert_standing" ADD CONSTRAINT "alert_standing_rule" FOREIGN KEY ("organization_id","rule_id") REFERENCES "public"."alert_rule"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "alert_standing" ADD CONSTRAINT "alert_standing_alert" FOREIGN KEY ("organization_id","alert_id") REFERENCES "public"."alert"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "alert_transition" ADD CONSTRAINT "alert_transition_rule" FOREIGN KEY ("organization_id","rule_id") REFERENCES "public"."alert_rule"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "alert_transition" ADD CONSTRAINT "alert_transition_alert" FOREIGN KEY ("organization_id","alert_id") REFERENCES "public"."alert"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "alert_raised" ON "alert" USING btree ("organization_id","raised_at","id");--> statement-breakpoint
CREATE INDEX "alert_goal" ON "alert" USING btree ("organization_id","goal_id","raised_at");--> statement-breakpoint
CREATE INDEX "alert_delivery_alert" ON "alert_delivery" USING btree ("organization_id","alert_id");--> statement-breakpoint
CREATE INDEX "alert_delivery_state" ON "alert_delivery" USING btree ("organization_id","state","created_at");--> statement-breakpoint
CREATE INDEX "alert_rule_goal" ON "alert_rule" USING btree ("organization_id","goal_id");--> statement-breakpoint
CREATE INDEX "alert_standing_due" ON "alert_standing" USING btree ("organization_id","due_at");--> statement-breakpoint
CREATE INDEX "alert_transition_alert" ON "alert_transition" USING btree ("organization_id","alert_id","sequence");--> statement-breakpoint

-- The second wall, as for every table of an organization.
DO $$
DECLARE
  tenant_table regclass;
BEGIN
  FOREACH tenant_table IN ARRAY ARRAY['alert', 'alert_channel', 'alert_delivery', 'alert_head', 'alert_rule', 'alert_rule_change', 'alert_rule_channel', 'alert_standing', 'alert_transition']::regclass[]
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
GRANT UPDATE ON alert, alert_channel, alert_delivery, alert_head, alert_rule, alert_standing TO tidemark_app;--> statement-breakpoint
-- Where a rule is sent to no longer leaves no row of its own; the change of the rule tells it.
GRANT DELETE ON alert_rule_channel TO tidemark_app;
