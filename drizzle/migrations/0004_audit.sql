CREATE INDEX "audit_subject" ON "audit" USING btree ("organization_id","subject","recorded_at","id");--> statement-breakpoint
-- Older versions named the user of the terminal in the audit itself. The name moves to where the change came from, out
-- of which it can be erased; rows that are sealed stay as they are. FORCE would hide them from an owner who is no superuser.
ALTER TABLE audit NO FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE audit_seal NO FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE origin NO FORCE ROW LEVEL SECURITY;--> statement-breakpoint
INSERT INTO origin (organization_id, id, agent)
SELECT organization_id, gen_random_uuid(), 'tidemark cli, ' || substr(actor, 5)
FROM audit WHERE actor LIKE 'cli:%' GROUP BY organization_id, actor
ON CONFLICT DO NOTHING;--> statement-breakpoint
UPDATE audit SET actor = 'terminal', origin_id = origin.id
FROM origin
WHERE audit.actor LIKE 'cli:%' AND origin.organization_id = audit.organization_id
  AND origin.agent = 'tidemark cli, ' || substr(audit.actor, 5)
  AND origin.person_id IS NULL AND origin.address IS NULL
  AND NOT EXISTS (
    SELECT FROM audit_seal WHERE audit_seal.organization_id = audit.organization_id AND audit_seal.audit_id = audit.id
  );--> statement-breakpoint
UPDATE audit SET hash = encode(sha256(convert_to(jsonb_build_array(
  organization_id, id, actor, action, subject, before, after, reason, origin_id, request_id,
  to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))::text, 'UTF8')), 'hex')
WHERE actor = 'terminal' AND NOT EXISTS (
  SELECT FROM audit_seal WHERE audit_seal.organization_id = audit.organization_id AND audit_seal.audit_id = audit.id
);--> statement-breakpoint
ALTER TABLE audit FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE audit_seal FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE origin FORCE ROW LEVEL SECURITY;
