SELECT E'a'
-- c 'b\'c'; SELECT 'a'
'\'