-- No counter is off.
SELECT count(*) = 0 FROM conversations c
WHERE message_count <> (SELECT count(*) FROM messages m WHERE m.conversation_id = c.id);
