DROP VIEW open_conversations;
ALTER TABLE conversations DROP COLUMN archived_at;
