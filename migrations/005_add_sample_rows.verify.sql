-- Each conversation has messages, and none is older than its newest one.
SELECT count(*) = 0 FROM conversations c WHERE NOT EXISTS (SELECT 1 FROM messages m WHERE m.conversation_id = c.id);
SELECT count(*) = 0 FROM messages m JOIN conversations c ON c.id = m.conversation_id WHERE c.updated_at < m.created_at;
