-- The application's role: it owns nothing and is no superuser. Every transaction takes it with set_config('role', ...).
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'tidemark_app') THEN
    CREATE ROLE tidemark_app NOLOGIN;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
  NULL; -- another database of this cluster was migrated at the same moment
END $$;--> statement-breakpoint
DO $$
BEGIN
  EXECUTE format('GRANT tidemark_app TO %I', current_user);
EXCEPTION WHEN OTHERS THEN
  -- A superuser takes any role; whoever was granted it already needs no grant.
  IF NOT pg_has_role(current_user, 'tidemark_app', 'MEMBER') THEN RAISE; END IF;
END $$;--> statement-breakpoint
GRANT USAGE ON SCHEMA public TO tidemark_app;--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE ON organization TO tidemark_app;--> statement-breakpoint

-- The second wall: a statement that forgot the organization sees and writes nothing. FORCE binds the owner too.
DO $$
DECLARE
  tenant_table regclass;
BEGIN
  FOR tenant_table IN
    SELECT c.oid::regclass FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
      AND a.attname = 'organization_id' AND NOT a.attisdropped
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

-- What may change after it was written (an item only to be locked). The ledger, its flow, the audit and the progress of goals are not among it.
GRANT UPDATE ON
  person, api_token, customer, customer_state, item, invoice, exchange_rate, goal, evaluation
TO tidemark_app;--> statement-breakpoint
GRANT UPDATE, DELETE ON open_span, idempotency_key TO tidemark_app;
