namespace OrderMall.Gateway;

/// <summary>Reads what was wrapped when this was its name: it stands so, with its namespace, beside each key in the database.</summary>
internal sealed class WrappedKeyDecryptor(IServiceProvider services) : ServiceDefaults.Keys.WrappedKeyDecryptor(services);
