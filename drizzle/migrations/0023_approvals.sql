CREATE TYPE "public"."approval_event_kind" AS ENUM('REQUESTED', 'COMMENTED', 'APPROVED', 'REJECTED', 'WITHDRAWN', 'APPLIED', 'FAILED');--> statement-breakpoint
CREATE TYPE "public"."approval_state" AS ENUM('PENDING', 'APPROVED', 'REJECTED', 'WITHDRAWN', 'FAILED');--> statement-breakpoint
CREATE TYPE "public"."authority_action" AS ENUM('CREDIT_LIMIT', 'UNLIMITED_CREDIT', 'RELEASE_HOLD', 'WRITE_OFF', 'CREDIT_NOTE', 'RE_DATE', 'TERMS', 'ADJUSTMENT');--> statement-breakpoint
CREATE TABLE "approval_event" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"request_id" uuid NOT NULL,
	"kind" "approval_event_kind" NOT NULL,
	"actor" text NOT NULL,
	"comment" text,
	"recorded_at" timestamptz DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "approval_event_organization_id_request_id_id_pk" PRIMARY KEY("organization_id","request_id","id")
);
--> statement-breakpoint
CREATE TABLE "approval_request" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"command" text NOT NULL,
	"input" jsonb NOT NULL,
	"rows" integer[],
	"actions" "authority_action"[] NOT NULL,
	"requirements" jsonb NOT NULL,
	"step_count" integer NOT NULL,
	"reason" text,
	"requested_by" text NOT NULL,
	"requesters" text[] NOT NULL,
	"matrix_version" integer NOT NULL,
	"state" "approval_state" DEFAULT 'PENDING' NOT NULL,
	"expires_at" timestamptz NOT NULL,
	"decided_at" timestamptz,
	"failure" text,
	"applied_audit_id" uuid,
	"version" integer DEFAULT 1 NOT NULL,
	"audit_id" uuid NOT NULL,
	"requested_at" timestamptz DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "approval_request_organization_id_id_pk" PRIMARY KEY("organization_id","id"),
	CONSTRAINT "approval_request_decided" CHECK (("approval_request"."state" = 'PENDING') = ("approval_request"."decided_at" is null)),
	CONSTRAINT "approval_request_failure" CHECK (("approval_request"."state" = 'FAILED') = ("approval_request"."failure" is not null))
);
--> statement-breakpoint
CREATE TABLE "approval_step" (
	"organization_id" uuid NOT NULL,
	"request_id" uuid NOT NULL,
	"row" integer NOT NULL,
	"action" "authority_action" NOT NULL,
	"customer_id" uuid NOT NULL,
	"subject" text,
	"before" text,
	"after" text,
	"amount" bigint,
	"days" integer,
	CONSTRAINT "approval_step_organization_id_request_id_row_pk" PRIMARY KEY("organization_id","request_id","row")
);
--> statement-breakpoint
CREATE TABLE "authority_matrix" (
	"organization_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"effective_on" date NOT NULL,
	"window_days" integer NOT NULL,
	"expiry_days" integer NOT NULL,
	"rules" jsonb NOT NULL,
	"audit_id" uuid NOT NULL,
	"recorded_at" timestamptz DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "authority_matrix_organization_id_version_pk" PRIMARY KEY("organization_id","version")
);
--> statement-breakpoint
CREATE TABLE "authority_use" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"action" "authority_action" NOT NULL,
	"customer_id" uuid NOT NULL,
	"actor" text NOT NULL,
	"principal" text NOT NULL,
	"amount" bigint,
	"days" integer,
	"matrix_version" integer NOT NULL,
	"request_id" uuid,
	"recorded_at" timestamptz DEFAULT clock_timestamp() NOT NULL,
	"xid" "xid8" DEFAULT pg_current_xact_id() NOT NULL,
	CONSTRAINT "authority_use_organization_id_id_pk" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
ALTER TABLE "approval_event" ADD CONSTRAINT "approval_event_request" FOREIGN KEY ("organization_id","request_id") REFERENCES "public"."approval_request"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "approval_request" ADD CONSTRAINT "approval_request_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "approval_step" ADD CONSTRAINT "approval_step_request" FOREIGN KEY ("organization_id","request_id") REFERENCES "public"."approval_request"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "approval_step" ADD CONSTRAINT "approval_step_customer" FOREIGN KEY ("organization_id","customer_id") REFERENCES "public"."customer"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "authority_matrix" ADD CONSTRAINT "authority_matrix_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "authority_use" ADD CONSTRAINT "authority_use_customer" FOREIGN KEY ("organization_id","customer_id") REFERENCES "public"."customer"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "approval_request_pending" ON "approval_request" USING btree ("organization_id","expires_at") WHERE state = 'PENDING';--> statement-breakpoint
CREATE INDEX "approval_step_customer" ON "approval_step" USING btree ("organization_id","customer_id","request_id");--> statement-breakpoint
CREATE INDEX "authority_matrix_in_force" ON "authority_matrix" USING btree ("organization_id","effective_on","version");--> statement-breakpoint
CREATE INDEX "authority_use_customer" ON "authority_use" USING btree ("organization_id","customer_id","action","recorded_at");--> statement-breakpoint
CREATE INDEX "authority_use_principal" ON "authority_use" USING btree ("organization_id","principal","action","recorded_at");--> statement-breakpoint

-- The second wall, as for every table of an organization.
DO $$
DECLARE
  tenant_table regclass;
BEGIN
  FOREACH tenant_table IN ARRAY ARRAY['authority_matrix', 'authority_use', 'approval_request', 'approval_step', 'approval_event']::regclass[]
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
GRANT UPDATE ON approval_request TO tidemark_app;
