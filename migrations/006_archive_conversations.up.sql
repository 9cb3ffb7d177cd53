-- Conversations can be put away without being deleted.
ALTER TABLE conversations ADD COLUMN archived_at TEXT;

CREATE VIEW open_conversations AS
SELECT id, user_id, agent_id, title, created_at, updated_at FROM conversations WHERE archived_at IS NULL;
