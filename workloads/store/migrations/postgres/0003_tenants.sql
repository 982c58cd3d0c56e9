-- Tenants that come and go at run time. Its twin is sqlite/0003_tenants.sql; keep names and meanings equal.

-- Whom the processes on this database serve, and what is known of those who were removed.
CREATE TABLE tenants (
    id TEXT COLLATE "C" NOT NULL,
    uid TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    generation BIGINT NOT NULL,
    config TEXT NOT NULL,
    guests TEXT, -- of the host: who may be a guest
    labels TEXT NOT NULL, -- of the tenant's namespace
    hibernated BOOLEAN NOT NULL,
    retain BOOLEAN NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    state_since BIGINT NOT NULL,
    revision BIGINT NOT NULL, -- grows with each change of any tenant, see the module `tenants`
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX tenants_revision ON tenants (revision);
CREATE INDEX tenants_removed ON tenants (state, state_since) WHERE state IN ('deleting', 'gone');

-- Who owns a host name: the primary key decides.
CREATE TABLE tenant_hosts (
    host TEXT COLLATE "C" NOT NULL,
    tenant TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (host)
);
CREATE INDEX tenant_hosts_tenant ON tenant_hosts (tenant);

-- One row. Whoever changes tenants holds its lock until COMMIT, so that revisions become visible in their order.
CREATE TABLE tenant_revision (
    one BIGINT NOT NULL,
    revision BIGINT NOT NULL, -- of the last change
    forgotten BIGINT NOT NULL, -- whoever has not read up to here reads everything again
    guests BIGINT NOT NULL, -- tenants that are admitted, the host apart
    PRIMARY KEY (one)
);
INSERT INTO tenant_revision (one, revision, forgotten, guests) VALUES (1, 0, 0, 0);
