-- Enough rows to see something: 40 users, 2,000 conversations, 10,000 messages, 4,000 entities.
INSERT INTO agents (name, model, system_prompt, created_at) VALUES
    ('concierge', 'small', 'You help guests of a hotel. Be brief.', '2026-01-05T08:00:00Z'),
    ('librarian', 'large', 'You find books; you never make one up.', '2026-01-05T08:05:00Z'),
    ('mechanic', 'small', 'You explain engines; ask before you guess.', '2026-02-11T10:30:00Z');

INSERT INTO users (id, email, display_name)
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)
SELECT i, 'user' || i || '@example.com', 'User ' || i FROM n;

INSERT INTO conversations (id, user_id, agent_id, title, created_at, updated_at)
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
SELECT i, 1 + i * 7 % 40, 1 + i % 3, 'Conversation ' || i,
       strftime('%Y-%m-%dT%H:%M:%SZ', '2026-03-01', '+' || (i * 37) || ' minutes'),
       strftime('%Y-%m-%dT%H:%M:%SZ', '2026-03-01', '+' || (i * 37) || ' minutes')
FROM n;

INSERT INTO messages (id, conversation_id, role, content, created_at)
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9999)
SELECT i + 1, 1 + i / 5, CASE i % 5 WHEN 1 THEN 'agent' WHEN 3 THEN 'agent' WHEN 4 THEN 'tool' ELSE 'user' END,
       'Message ' || (1 + i % 5) || ' of conversation ' || (1 + i / 5) || '; it''s only a sample.',
       strftime('%Y-%m-%dT%H:%M:%SZ', '2026-03-01', '+' || ((1 + i / 5) * 37 + i % 5) || ' minutes')
FROM n;

INSERT INTO entities (message_id, kind, value, confidence, created_at)
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000)
SELECT 1 + i * 13 % 10000, CASE i % 3 WHEN 0 THEN 'person' WHEN 1 THEN 'place' ELSE 'date' END, 'value ' || i,
       0.5 + (i % 50) / 100.0, strftime('%Y-%m-%dT%H:%M:%SZ', '2026-03-01', '+' || (i * 19) || ' minutes')
FROM n;
