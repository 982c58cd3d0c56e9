-- The base schema. Its twin is sqlite/0001_base.sql; keep names and meanings equal.
--
-- The tenant comes first in every key. Times are milliseconds since the epoch, ids and JSON are text.
-- `change_mark` is lane * 2^48 + position, see the module `changes`.
-- There are no foreign keys: nothing is deleted that others point to, each transaction checks what it needs, and on
-- Postgres every message would lock its conversation's and its sender's row once more.
-- Keys sort by bytes ("C"): fast, as SQLite sorts, and no system library can change the order under an index.

CREATE TABLE users (
    tenant TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    email TEXT NOT NULL,
    email_key TEXT COLLATE "C" NOT NULL, -- lower case, made by the program: SQLite's lower() knows ASCII only
    username TEXT NOT NULL,
    username_key TEXT COLLATE "C" NOT NULL,
    full_name TEXT,
    full_name_key TEXT,
    phone TEXT,
    avatar_url TEXT,
    bio TEXT,
    status_message TEXT,
    password_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    suspended_at BIGINT,
    PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX users_email_key ON users (tenant, email_key);
CREATE UNIQUE INDEX users_username_key ON users (tenant, username_key);

CREATE TABLE sessions (
    tenant TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    device_id TEXT,
    user_agent TEXT,
    address TEXT,
    refresh_salt TEXT NOT NULL,
    generation BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX sessions_user ON sessions (tenant, user_id, created_at);
-- Without the tenant: the one reader of all tenants' revocations is the memory of a process.
CREATE INDEX sessions_revoked ON sessions (revoked_at) WHERE revoked_at IS NOT NULL;

CREATE TABLE signing_keys (
    tenant TEXT COLLATE "C" NOT NULL,
    generation BIGINT NOT NULL,
    kid TEXT NOT NULL,
    sealed_private_key BYTEA NOT NULL,
    public_key BYTEA NOT NULL,
    active_from BIGINT NOT NULL,
    retires_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, generation)
);

CREATE TABLE conversations (
    tenant TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    kind TEXT NOT NULL,
    pair_key TEXT COLLATE "C", -- of a direct conversation: both users' ids, the smaller first
    name TEXT,
    avatar_url TEXT,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    last_seq BIGINT NOT NULL,
    change_mark BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX conversations_pair_key ON conversations (tenant, pair_key);
CREATE INDEX conversations_change ON conversations (tenant, change_mark);

-- Free space in each page (fillfactor): watermarks are rewritten often, and then no index is touched.
-- A row stays after leaving, as a tombstone with left_seq, so that other devices learn of it.
CREATE TABLE members (
    tenant TEXT COLLATE "C" NOT NULL,
    conversation_id TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    role TEXT NOT NULL,
    joined_at BIGINT NOT NULL,
    join_order BIGINT NOT NULL,
    visible_from BIGINT NOT NULL,
    left_seq BIGINT,
    delivered_seq BIGINT NOT NULL,
    read_seq BIGINT NOT NULL,
    read_at BIGINT,
    pinned BOOLEAN NOT NULL,
    muted BOOLEAN NOT NULL,
    muted_until BIGINT,
    change_mark BIGINT NOT NULL, -- any change that the member's own devices must learn of
    membership_mark BIGINT NOT NULL, -- joined or left: what the hub of every process must learn of
    PRIMARY KEY (tenant, conversation_id, user_id)
) WITH (fillfactor = 80);
CREATE INDEX members_user ON members (tenant, user_id, conversation_id);
CREATE INDEX members_membership ON members (tenant, membership_mark);

-- The key carries what counting unread messages needs, so that it reads the index alone.
CREATE TABLE messages (
    tenant TEXT COLLATE "C" NOT NULL,
    conversation_id TEXT COLLATE "C" NOT NULL,
    seq BIGINT NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    sender_id TEXT COLLATE "C" NOT NULL,
    deleted_at BIGINT,
    message_type TEXT NOT NULL,
    version BIGINT NOT NULL,
    change_mark BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    reply_to TEXT,
    temp_id TEXT COLLATE "C",
    body_digest TEXT, -- of the body as it was sent, with a temp_id
    metadata TEXT NOT NULL,
    content TEXT,
    PRIMARY KEY (tenant, conversation_id, seq) INCLUDE (sender_id, deleted_at)
);
CREATE UNIQUE INDEX messages_id_key ON messages (tenant, id);
CREATE UNIQUE INDEX messages_temp_id_key ON messages (tenant, conversation_id, sender_id, temp_id)
    WHERE temp_id IS NOT NULL;

-- Everything in a timeline that is not a message. Messages and events share one sequence.
CREATE TABLE events (
    tenant TEXT COLLATE "C" NOT NULL,
    conversation_id TEXT COLLATE "C" NOT NULL,
    seq BIGINT NOT NULL,
    message_id TEXT COLLATE "C", -- of an edit: where the present content is
    body TEXT NOT NULL,
    change_mark BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, conversation_id, seq)
);

-- Former contents of edited messages; the present one is in the message.
CREATE TABLE message_versions (
    tenant TEXT COLLATE "C" NOT NULL,
    message_id TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (tenant, message_id, version)
);

CREATE TABLE reactions (
    tenant TEXT COLLATE "C" NOT NULL,
    message_id TEXT COLLATE "C" NOT NULL,
    emoji TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (tenant, message_id, emoji, user_id)
);

CREATE TABLE hidden_messages (
    tenant TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    conversation_id TEXT COLLATE "C" NOT NULL,
    seq BIGINT NOT NULL,
    message_id TEXT COLLATE "C" NOT NULL,
    change_mark BIGINT NOT NULL,
    PRIMARY KEY (tenant, user_id, conversation_id, seq)
);

CREATE TABLE lanes (
    tenant TEXT COLLATE "C" NOT NULL,
    lane BIGINT NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (tenant, lane)
) WITH (fillfactor = 50);

-- The only table without a tenant: a node is a process, and a process serves many tenants.
CREATE TABLE presence_nodes (
    node_id TEXT COLLATE "C" NOT NULL,
    until BIGINT NOT NULL,
    PRIMARY KEY (node_id)
);

-- Availability of a person over the devices of one node.
CREATE TABLE presence (
    tenant TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    node_id TEXT COLLATE "C" NOT NULL,
    status TEXT NOT NULL,
    PRIMARY KEY (tenant, user_id, node_id)
);
CREATE INDEX presence_node ON presence (node_id);

-- Availability of a person over all nodes, as it was last told to others.
CREATE TABLE user_presence (
    tenant TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    status TEXT NOT NULL,
    last_seen BIGINT,
    version BIGINT NOT NULL,
    PRIMARY KEY (tenant, user_id)
) WITH (fillfactor = 50);
