-- The list of a conversation's messages is read from its index.
SELECT count(*) = 1 FROM sqlite_schema WHERE type = 'index' AND name = 'messages_conversation';
SELECT count(*) = 1 FROM sqlite_schema WHERE type = 'trigger' AND name = 'messages_touch';
