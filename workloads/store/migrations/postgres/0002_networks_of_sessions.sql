-- What a sign-in is recognised by, and the order in which ended sessions are cleared away. The twin for the other engine
-- has the same text.

-- The address, of IPv6 its /64. Sessions from before have none, and count as never seen until they are refreshed.
ALTER TABLE sessions ADD COLUMN network TEXT;
-- Without the tenant, like sessions_revoked: housekeeping is done for all of them together.
CREATE INDEX sessions_expiry ON sessions (expires_at);
