-- Of which organizations something was committed since `since`: nothing of one changes without its row in the audit. One
-- statement for all of them, while row-level security lets each be looked at by itself alone.
CREATE FUNCTION organizations_with_news(since pg_snapshot) RETURNS SETOF uuid
LANGUAGE plpgsql SET enable_sort = off AS $$
DECLARE
	one uuid;
	ended CONSTANT xid8 := pg_snapshot_xmax(since);
	running CONSTANT xid8[] := array(SELECT pg_snapshot_xip(since));
BEGIN
	FOR one IN SELECT id FROM organization LOOP
		PERFORM set_config('tidemark.organization_id', one::text, true);
		IF EXISTS (
			SELECT FROM audit WHERE organization_id = one AND xid >= ended ORDER BY organization_id, xid LIMIT 1
		) OR (cardinality(running) > 0 AND EXISTS (
			SELECT FROM audit WHERE organization_id = one AND xid = ANY (running)
		)) THEN
			RETURN NEXT one;
		END IF;
	END LOOP;
	PERFORM set_config('tidemark.organization_id', '', true);
END
$$;
