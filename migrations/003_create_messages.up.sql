-- What was said, in order.
CREATE TABLE messages (
    id INTEGER PRIMARY KEY,
    conversation_id INTEGER NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    role TEXT NOT NULL CHECK (role IN ('user', 'agent', 'tool')),
    content TEXT NOT NULL,
    created_at TEXT NOT NULL
);

CREATE INDEX messages_conversation ON messages (conversation_id, created_at);

-- A conversation is as new as its newest message.
CREATE TRIGGER messages_touch AFTER INSERT ON messages
BEGIN
    UPDATE conversations SET updated_at = NEW.created_at
    WHERE id = NEW.conversation_id AND updated_at < NEW.created_at;
END;
