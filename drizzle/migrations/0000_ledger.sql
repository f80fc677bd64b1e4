CREATE TYPE "public"."credit_limit_state" AS ENUM('NOT_SET', 'UNLIMITED', 'AMOUNT');--> statement-breakpoint
CREATE TYPE "public"."entry_kind" AS ENUM('INVOICED', 'CORRECTED', 'RE_DATED', 'PAYMENT_APPLIED', 'CREDIT_APPLIED', 'WRITTEN_OFF', 'RECEIVED', 'BOUNCED', 'CREDITED', 'APPLIED', 'DISPUTE_OPENED', 'DISPUTE_RESOLVED');--> statement-breakpoint
CREATE TYPE "public"."goal_direction" AS ENUM('INCREASE', 'DECREASE');--> statement-breakpoint
CREATE TYPE "public"."goal_state" AS ENUM('ACTIVE', 'CLOSED');--> statement-breakpoint
CREATE TYPE "public"."goal_status" AS ENUM('PENDING_START', 'ON_TRACK', 'AT_RISK', 'OFF_TRACK', 'ACHIEVED', 'MISSED', 'NO_DATA', 'STALE', 'INSUFFICIENT_DATA');--> statement-breakpoint
CREATE TYPE "public"."item_kind" AS ENUM('INVOICE', 'RECEIPT', 'CREDIT_NOTE', 'DISPUTE');--> statement-breakpoint
CREATE TYPE "public"."token_scope" AS ENUM('read', 'write', 'admin');--> statement-breakpoint
CREATE TABLE "api_token" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"name" text NOT NULL,
	"scope" "token_scope" NOT NULL,
	"secret_hash" text NOT NULL,
	"created_at" timestamptz DEFAULT clock_timestamp() NOT NULL,
	"last_used_at" timestamptz,
	"revoked_at" timestamptz,
	CONSTRAINT "api_token_organization_id_id_pk" PRIMARY KEY("organization_id","id"),
	CONSTRAINT "api_token_secret" UNIQUE("organization_id","secret_hash")
);
--> statement-breakpoint
CREATE TABLE "audit" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"actor" text NOT NULL,
	"action" text NOT NULL,
	"subject" text NOT NULL,
	"before" jsonb,
	"after" jsonb,
	"reason" text,
	"recorded_at" timestamptz DEFAULT clock_timestamp() NOT NULL,
	"xid" "xid8" DEFAULT pg_current_xact_id() NOT NULL,
	CONSTRAINT "audit_organization_id_id_pk" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
CREATE TABLE "customer" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"number" text NOT NULL,
	"name" text NOT NULL,
	"terms_days" integer NOT NULL,
	"owner_id" uuid,
	"business_unit" text,
	"region" text,
	"channel" text,
	"credit_limit_state" "credit_limit_state" DEFAULT 'NOT_SET' NOT NULL,
	"credit_limit" bigint,
	"credit_limit_currency" text,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamptz DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "customer_organization_id_id_pk" PRIMARY KEY("organization_id","id"),
	CONSTRAINT "customer_number" UNIQUE("organization_id","number")
);
--> statement-breakpoint
CREATE TABLE "customer_state" (
	"organization_id" uuid NOT NULL,
	"customer_id" uuid NOT NULL,
	"currency" text NOT NULL,
	"receivable" bigint NOT NULL,
	"unapplied" bigint NOT NULL,
	CONSTRAINT "customer_state_organization_id_customer_id_currency_pk" PRIMARY KEY("organization_id","customer_id","currency")
);
--> statement-breakpoint
CREATE TABLE "evaluation" (
	"organization_id" uuid NOT NULL,
	"seen" "pg_snapshot" NOT NULL,
	"evaluated_on" date NOT NULL,
	"sequence" bigint NOT NULL,
	CONSTRAINT "evaluation_organization_id_pk" PRIMARY KEY("organization_id")
);
--> statement-breakpoint
CREATE TABLE "exchange_rate" (
	"organization_id" uuid NOT NULL,
	"currency" text NOT NULL,
	"valid_on" date NOT NULL,
	"rate" numeric NOT NULL,
	"source" text NOT NULL,
	CONSTRAINT "exchange_rate_organization_id_currency_valid_on_pk" PRIMARY KEY("organization_id","currency","valid_on")
);
--> statement-breakpoint
CREATE TABLE "flow" (
	"organization_id" uuid NOT NULL,
	"measure" text NOT NULL,
	"day" date NOT NULL,
	"anchor" date NOT NULL,
	"segment_id" integer NOT NULL,
	"amount" bigint NOT NULL,
	"count" integer NOT NULL,
	"days" bigint NOT NULL,
	"amount_days" numeric NOT NULL,
	"recorded_at" timestamptz NOT NULL,
	"xid" "xid8" DEFAULT pg_current_xact_id() NOT NULL,
	CONSTRAINT "flow_measure" CHECK (measure in ('OPEN_BY_DUE', 'OPEN_BY_ISSUE', 'UNAPPLIED_CASH', 'UNAPPLIED_CREDIT', 'DISPUTED', 'BILLED', 'CREDITED', 'RECEIVED', 'PAID', 'CREDIT_APPLIED', 'WRITTEN_OFF', 'DISPUTE_OPENED', 'DUE', 'DUE_ON_TIME', 'SETTLED', 'SETTLED_LATE', 'SETTLED_LATE_FLOORED', 'SETTLED_ON_TIME'))
);
--> statement-breakpoint
CREATE TABLE "goal" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"name" text NOT NULL,
	"why" text,
	"metric" text NOT NULL,
	"direction" "goal_direction" NOT NULL,
	"filter" jsonb NOT NULL,
	"conventions" jsonb NOT NULL,
	"currency" text NOT NULL,
	"baseline" numeric NOT NULL,
	"baseline_on" date NOT NULL,
	"baseline_numerator" numeric,
	"baseline_denominator" numeric,
	"target" numeric NOT NULL,
	"starts_on" date NOT NULL,
	"deadline" date NOT NULL,
	"owner_id" uuid,
	"state" "goal_state" DEFAULT 'ACTIVE' NOT NULL,
	"created_at" timestamptz DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "goal_organization_id_id_pk" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
CREATE TABLE "goal_progress" (
	"organization_id" uuid NOT NULL,
	"sequence" bigint NOT NULL,
	"goal_id" uuid NOT NULL,
	"as_of" date NOT NULL,
	"value" numeric,
	"value_reason" text,
	"numerator" numeric,
	"denominator" numeric,
	"expected" numeric NOT NULL,
	"status" "goal_status" NOT NULL,
	"status_reason" text NOT NULL,
	"recorded_at" timestamptz NOT NULL,
	CONSTRAINT "goal_progress_organization_id_sequence_pk" PRIMARY KEY("organization_id","sequence")
);
--> statement-breakpoint
CREATE TABLE "idempotency_key" (
	"organization_id" uuid NOT NULL,
	"actor" text NOT NULL,
	"key" text NOT NULL,
	"input_hash" text NOT NULL,
	"outcome" jsonb NOT NULL,
	"created_at" timestamptz DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "idempotency_key_organization_id_actor_key_pk" PRIMARY KEY("organization_id","actor","key")
);
--> statement-breakpoint
CREATE TABLE "invoice" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"number" text NOT NULL,
	"source_key" text,
	"issued_on" date NOT NULL,
	"due_on" date NOT NULL,
	"due_derived" boolean DEFAULT false NOT NULL,
	"ordered_on" date,
	"delivered_on" date,
	"sent_on" date,
	"received_on" date,
	"approved_on" date,
	"replaces_id" uuid,
	CONSTRAINT "invoice_organization_id_id_pk" PRIMARY KEY("organization_id","id"),
	CONSTRAINT "invoice_number" UNIQUE("organization_id","number")
);
--> statement-breakpoint
CREATE TABLE "item" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"kind" "item_kind" NOT NULL,
	"customer_id" uuid NOT NULL,
	"segment_id" integer NOT NULL,
	"starts_on" date NOT NULL,
	CONSTRAINT "item_organization_id_id_pk" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
CREATE TABLE "ledger_entry" (
	"organization_id" uuid NOT NULL,
	"item_id" uuid NOT NULL,
	"sequence" integer NOT NULL,
	"kind" "entry_kind" NOT NULL,
	"installment" smallint DEFAULT 1 NOT NULL,
	"amount" bigint NOT NULL,
	"effective_on" date NOT NULL,
	"occurred_on" date NOT NULL,
	"recorded_at" timestamptz NOT NULL,
	"due_on" date,
	"counterpart_id" uuid,
	"reason" text,
	"audit_id" uuid NOT NULL,
	CONSTRAINT "ledger_entry_organization_id_item_id_sequence_pk" PRIMARY KEY("organization_id","item_id","sequence")
);
--> statement-breakpoint
CREATE TABLE "open_span" (
	"organization_id" uuid NOT NULL,
	"item_id" uuid NOT NULL,
	"opens_on" date NOT NULL,
	"closes_on" date,
	"customer_id" uuid NOT NULL,
	CONSTRAINT "open_span_organization_id_item_id_opens_on_pk" PRIMARY KEY("organization_id","item_id","opens_on")
);
--> statement-breakpoint
CREATE TABLE "organization" (
	"id" uuid PRIMARY KEY NOT NULL,
	"slug" text NOT NULL,
	"name" text NOT NULL,
	"base_currency" text NOT NULL,
	"time_zone" text NOT NULL,
	"demo" boolean DEFAULT false NOT NULL,
	"created_at" timestamptz DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "organization_slug_unique" UNIQUE("slug")
);
--> statement-breakpoint
CREATE TABLE "person" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"name" text NOT NULL,
	"email" text,
	CONSTRAINT "person_organization_id_id_pk" PRIMARY KEY("organization_id","id"),
	CONSTRAINT "person_name" UNIQUE("organization_id","name")
);
--> statement-breakpoint
CREATE TABLE "receipt" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"reference" text,
	"received_on" date NOT NULL,
	CONSTRAINT "receipt_organization_id_id_pk" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
CREATE TABLE "segment" (
	"organization_id" uuid NOT NULL,
	"id" integer NOT NULL,
	"currency" text NOT NULL,
	"business_unit" text,
	"region" text,
	"channel" text,
	"product_line" text,
	"collector_id" uuid,
	CONSTRAINT "segment_organization_id_id_pk" PRIMARY KEY("organization_id","id"),
	CONSTRAINT "segment_dimensions" UNIQUE NULLS NOT DISTINCT("organization_id","currency","business_unit","region","channel","product_line","collector_id")
);
--> statement-breakpoint
ALTER TABLE "api_token" ADD CONSTRAINT "api_token_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "audit" ADD CONSTRAINT "audit_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "customer" ADD CONSTRAINT "customer_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "customer" ADD CONSTRAINT "customer_owner" FOREIGN KEY ("organization_id","owner_id") REFERENCES "public"."person"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "customer_state" ADD CONSTRAINT "customer_state_customer" FOREIGN KEY ("organization_id","customer_id") REFERENCES "public"."customer"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "evaluation" ADD CONSTRAINT "evaluation_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "exchange_rate" ADD CONSTRAINT "exchange_rate_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "flow" ADD CONSTRAINT "flow_segment" FOREIGN KEY ("organization_id","segment_id") REFERENCES "public"."segment"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "goal" ADD CONSTRAINT "goal_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "goal" ADD CONSTRAINT "goal_owner" FOREIGN KEY ("organization_id","owner_id") REFERENCES "public"."person"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "goal_progress" ADD CONSTRAINT "goal_progress_goal" FOREIGN KEY ("organization_id","goal_id") REFERENCES "public"."goal"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "idempotency_key" ADD CONSTRAINT "idempotency_key_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invoice" ADD CONSTRAINT "invoice_item" FOREIGN KEY ("organization_id","id") REFERENCES "public"."item"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invoice" ADD CONSTRAINT "invoice_replaces" FOREIGN KEY ("organization_id","replaces_id") REFERENCES "public"."invoice"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "item" ADD CONSTRAINT "item_customer" FOREIGN KEY ("organization_id","customer_id") REFERENCES "public"."customer"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "item" ADD CONSTRAINT "item_segment" FOREIGN KEY ("organization_id","segment_id") REFERENCES "public"."segment"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ledger_entry" ADD CONSTRAINT "ledger_entry_item" FOREIGN KEY ("organization_id","item_id") REFERENCES "public"."item"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "open_span" ADD CONSTRAINT "open_span_item" FOREIGN KEY ("organization_id","item_id") REFERENCES "public"."item"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "person" ADD CONSTRAINT "person_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "receipt" ADD CONSTRAINT "receipt_item" FOREIGN KEY ("organization_id","id") REFERENCES "public"."item"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "segment" ADD CONSTRAINT "segment_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "segment" ADD CONSTRAINT "segment_collector" FOREIGN KEY ("organization_id","collector_id") REFERENCES "public"."person"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "audit_xid" ON "audit" USING btree ("organization_id","xid");--> statement-breakpoint
CREATE INDEX "customer_name" ON "customer" USING btree ("organization_id","name","id");--> statement-breakpoint
CREATE INDEX "flow_day" ON "flow" USING btree ("organization_id","measure","day");--> statement-breakpoint
CREATE INDEX "flow_recorded" ON "flow" USING btree ("organization_id","recorded_at");--> statement-breakpoint
CREATE INDEX "goal_progress_goal" ON "goal_progress" USING btree ("organization_id","goal_id","sequence");--> statement-breakpoint
CREATE UNIQUE INDEX "invoice_source_key" ON "invoice" USING btree ("organization_id","source_key") WHERE source_key is not null;--> statement-breakpoint
CREATE INDEX "invoice_issued" ON "invoice" USING btree ("organization_id","issued_on","id");--> statement-breakpoint
CREATE INDEX "invoice_due" ON "invoice" USING btree ("organization_id","due_on","id");--> statement-breakpoint
CREATE INDEX "item_customer" ON "item" USING btree ("organization_id","customer_id","kind");--> statement-breakpoint
CREATE INDEX "open_span_open" ON "open_span" USING btree ("organization_id","customer_id") WHERE closes_on is null;--> statement-breakpoint
CREATE INDEX "open_span_closed" ON "open_span" USING btree ("organization_id","closes_on","opens_on");