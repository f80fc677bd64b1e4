CREATE TYPE "public"."member_role" AS ENUM('viewer', 'sales', 'collector', 'credit_manager', 'manager', 'auditor', 'admin');--> statement-breakpoint
CREATE TABLE "audit_head" (
	"organization_id" uuid NOT NULL,
	"sequence" bigint NOT NULL,
	"hash" text NOT NULL,
	"seen" "pg_snapshot" NOT NULL,
	CONSTRAINT "audit_head_organization_id_pk" PRIMARY KEY("organization_id")
);
--> statement-breakpoint
CREATE TABLE "audit_seal" (
	"organization_id" uuid NOT NULL,
	"sequence" bigint NOT NULL,
	"audit_id" uuid NOT NULL,
	"audit_hash" text NOT NULL,
	"hash" text NOT NULL,
	"sealed_at" timestamptz DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "audit_seal_organization_id_sequence_pk" PRIMARY KEY("organization_id","sequence"),
	CONSTRAINT "audit_seal_audit" UNIQUE("organization_id","audit_id")
);
--> statement-breakpoint
CREATE TABLE "budget" (
	"organization_id" uuid NOT NULL,
	"actor" text NOT NULL,
	"level" double precision NOT NULL,
	"refilled_at" timestamptz NOT NULL,
	CONSTRAINT "budget_organization_id_actor_pk" PRIMARY KEY("organization_id","actor")
);
--> statement-breakpoint
CREATE TABLE "invitation" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"email" text NOT NULL,
	"role" "member_role" NOT NULL,
	"secret_hash" text NOT NULL,
	"invited_by" text NOT NULL,
	"created_at" timestamptz DEFAULT clock_timestamp() NOT NULL,
	"expires_at" timestamptz NOT NULL,
	"accepted_at" timestamptz,
	"revoked_at" timestamptz,
	CONSTRAINT "invitation_organization_id_id_pk" PRIMARY KEY("organization_id","id"),
	CONSTRAINT "invitation_secret" UNIQUE("organization_id","secret_hash")
);
--> statement-breakpoint
CREATE TABLE "membership" (
	"organization_id" uuid NOT NULL,
	"person_id" uuid NOT NULL,
	"user_id" text NOT NULL,
	"role" "member_role" NOT NULL,
	"created_at" timestamptz DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "membership_organization_id_person_id_pk" PRIMARY KEY("organization_id","person_id"),
	CONSTRAINT "membership_user" UNIQUE("organization_id","user_id")
);
--> statement-breakpoint
CREATE TABLE "origin" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"person_id" uuid,
	"address" text,
	"agent" text,
	CONSTRAINT "origin_organization_id_id_pk" PRIMARY KEY("organization_id","id"),
	CONSTRAINT "origin_parts" UNIQUE NULLS NOT DISTINCT("organization_id","person_id","address","agent")
);
--> statement-breakpoint
ALTER TABLE "api_token" ADD COLUMN "scopes" text[];--> statement-breakpoint
ALTER TABLE "api_token" ADD COLUMN "created_by" text;--> statement-breakpoint
ALTER TABLE "api_token" ADD COLUMN "expires_at" timestamptz;--> statement-breakpoint
ALTER TABLE "api_token" ADD COLUMN "addresses" text[];--> statement-breakpoint
ALTER TABLE "api_token" ADD COLUMN "points_per_minute" integer;--> statement-breakpoint
ALTER TABLE "api_token" ADD COLUMN "replaces_id" uuid;--> statement-breakpoint
ALTER TABLE "audit" ADD COLUMN "origin_id" uuid;--> statement-breakpoint
ALTER TABLE "audit" ADD COLUMN "request_id" text;--> statement-breakpoint
ALTER TABLE "audit" ADD COLUMN "hash" text;--> statement-breakpoint
ALTER TABLE "person" ADD COLUMN "erased_at" timestamptz;--> statement-breakpoint
ALTER TABLE "audit_head" ADD CONSTRAINT "audit_head_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "audit_seal" ADD CONSTRAINT "audit_seal_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "budget" ADD CONSTRAINT "budget_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invitation" ADD CONSTRAINT "invitation_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "membership" ADD CONSTRAINT "membership_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "membership" ADD CONSTRAINT "membership_person" FOREIGN KEY ("organization_id","person_id") REFERENCES "public"."person"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "origin" ADD CONSTRAINT "origin_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "origin" ADD CONSTRAINT "origin_person" FOREIGN KEY ("organization_id","person_id") REFERENCES "public"."person"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "membership_of_user" ON "membership" USING btree ("user_id");--> statement-breakpoint
ALTER TABLE "audit" ADD CONSTRAINT "audit_origin" FOREIGN KEY ("organization_id","origin_id") REFERENCES "public"."origin"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "audit_recorded" ON "audit" USING btree ("organization_id","recorded_at","id");--> statement-breakpoint
CREATE INDEX "idempotency_key_created" ON "idempotency_key" USING btree ("organization_id","created_at");--> statement-breakpoint
-- What there is already gets the new columns. FORCE would hide it from an owner who is no superuser.
ALTER TABLE api_token NO FORCE ROW LEVEL SECURITY;--> statement-breakpoint
UPDATE api_token SET
  created_by = 'terminal',
  -- Browsers sign in as persons from now on.
  revoked_at = CASE WHEN name LIKE 'session of %' THEN coalesce(revoked_at, clock_timestamp()) ELSE revoked_at END,
  scopes = CASE scope
    WHEN 'read' THEN '{organization:read,customer:read,credit:read,invoice:read,receipt:read,kpi:read,goal:read,schema:read}'::text[]
    WHEN 'write' THEN '{organization:read,customer:read,credit:read,invoice:read,receipt:read,kpi:read,goal:read,schema:read,credit:write,invoice:write,receipt:write,goal:write}'::text[]
    ELSE '{organization:read,customer:read,credit:read,invoice:read,receipt:read,kpi:read,goal:read,schema:read,credit:write,invoice:write,receipt:write,goal:write,member:read,member:write,token:read,token:write,audit:read}'::text[]
  END;--> statement-breakpoint
ALTER TABLE api_token ALTER COLUMN scopes SET NOT NULL, ALTER COLUMN created_by SET NOT NULL, FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE audit NO FORCE ROW LEVEL SECURITY;--> statement-breakpoint
UPDATE audit SET hash = encode(sha256(convert_to(jsonb_build_array(
  organization_id, id, actor, action, subject, before, after, reason, origin_id, request_id,
  to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))::text, 'UTF8')), 'hex');--> statement-breakpoint
ALTER TABLE audit ALTER COLUMN hash SET NOT NULL, FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "api_token" DROP COLUMN "scope";--> statement-breakpoint
ALTER TABLE "person" ADD CONSTRAINT "person_email" UNIQUE("organization_id","email");--> statement-breakpoint
DROP TYPE "public"."token_scope";--> statement-breakpoint
-- The second wall around the new tables, as in 0001.
DO $$
DECLARE
  tenant_table text;
BEGIN
  FOREACH tenant_table IN ARRAY '{membership,invitation,budget,origin,audit_seal,audit_head}'::text[] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', tenant_table);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', tenant_table);
    EXECUTE format(
      'CREATE POLICY tenant ON %I USING (organization_id = nullif(current_setting(''tidemark.organization_id'', true), '''')::uuid)',
      tenant_table
    );
    EXECUTE format('GRANT SELECT, INSERT ON %I TO tidemark_app', tenant_table);
  END LOOP;
END $$;--> statement-breakpoint
-- A person's organizations can be listed before one of them is chosen.
CREATE POLICY own ON membership FOR SELECT
  USING (user_id = nullif(current_setting('tidemark.user_id', true), ''));--> statement-breakpoint
-- The seals are only ever appended to, like the audit.
GRANT UPDATE ON invitation, origin, audit_head TO tidemark_app;--> statement-breakpoint
GRANT UPDATE, DELETE ON membership, budget TO tidemark_app;
