-- Lists show how many messages a conversation has without counting them.
ALTER TABLE conversations ADD COLUMN message_count INTEGER NOT NULL DEFAULT 0;

UPDATE conversations
SET message_count = (SELECT count(*) FROM messages m WHERE m.conversation_id = conversations.id)
WHERE id IN (SELECT conversation_id FROM messages);

CREATE TRIGGER messages_count_insert AFTER INSERT ON messages
BEGIN
    UPDATE conversations SET message_count = message_count + 1 WHERE id = NEW.conversation_id;
END;

CREATE TRIGGER messages_count_delete AFTER DELETE ON messages
BEGIN
    UPDATE conversations SET message_count = message_count - 1 WHERE id = OLD.conversation_id;
END;
