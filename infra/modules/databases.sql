-- For one service: the role that its identity signs in as, and the database that is that role's alone. Safe to repeat.
SELECT pgaadauth_create_principal_with_oid(:'role', :'principal', 'service', false, false)
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role');
SELECT format('CREATE DATABASE %I TEMPLATE template0 ENCODING ''UTF8'' LC_COLLATE ''C'' LC_CTYPE ''C''', :'role')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'role')
\gexec
REVOKE ALL ON DATABASE :"role" FROM PUBLIC;
GRANT CONNECT, CREATE, TEMPORARY ON DATABASE :"role" TO :"role";
\connect :"role"
GRANT ALL ON SCHEMA public TO :"role";
