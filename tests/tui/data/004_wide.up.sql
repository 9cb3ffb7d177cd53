CREATE TABLE wide (a_rather_long_name integer, another_rather_long_name integer, the_last_of_them text);
