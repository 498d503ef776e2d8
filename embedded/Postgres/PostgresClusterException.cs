namespace OrderMall.Postgres;

/// <summary>PostgreSQL could not be made, opened or used; the message says why and what to do.</summary>
public class PostgresClusterException : Exception
{
    /// <summary>Makes the exception.</summary>
    public PostgresClusterException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}

/// <summary>No PostgreSQL server was found on this machine; the message says what to install.</summary>
public sealed class PostgresNotFoundException : PostgresClusterException
{
    internal PostgresNotFoundException(string looked)
        : base($"""
            No PostgreSQL server was found ({looked}). Install one, or give the connection string of a server (ConnectionStrings__postgres):
              Debian, Ubuntu: sudo apt-get install postgresql
              Fedora:         sudo dnf install postgresql-server
              macOS:          brew install postgresql@17
              Windows:        winget install PostgreSQL.PostgreSQL.17
            It does not need to be set up or running.
            """)
    {
    }
}
