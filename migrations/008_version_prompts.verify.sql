-- Each agent has a prompt.
SELECT count(*) = 0 FROM agents a WHERE NOT EXISTS (SELECT 1 FROM agent_prompts p WHERE p.agent_id = a.id);
