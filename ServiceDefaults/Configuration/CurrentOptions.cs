using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace OrderMall.ServiceDefaults.Configuration;

/// <summary>Options as the configuration says them at the moment. A change that is refused changes nothing: those of before count on, and the log says why.</summary>
internal sealed partial class CurrentOptions<T> : IOptions<T>, IDisposable
    where T : class
{
    private readonly IOptionsFactory<T> _factory;
    private readonly ILogger<CurrentOptions<T>> _logger;
    private readonly IDisposable _changes;
    private volatile T? _value;

    public CurrentOptions(IOptionsFactory<T> factory, IConfiguration configuration, ILogger<CurrentOptions<T>> logger)
    {
        (_factory, _logger) = (factory, logger);
        _changes = ChangeToken.OnChange(configuration.GetReloadToken, Read);
        try
        {
            _value = factory.Create(Options.DefaultName);
        }
        catch (Exception refused) when (refused is OptionsValidationException or InvalidOperationException)
        {
            // Whoever starts the service is told: what is wrong from the beginning is validated there.
        }
    }

    /// <inheritdoc/>
    public T Value => _value ??= _factory.Create(Options.DefaultName);

    /// <inheritdoc/>
    public void Dispose() => _changes.Dispose();

    private void Read()
    {
        try
        {
            _value = _factory.Create(Options.DefaultName);
        }
        catch (Exception refused) when (refused is OptionsValidationException or InvalidOperationException)
        {
            LogRefused(refused.Message);
        }
    }

    [LoggerMessage(LogLevel.Error, "The configuration has changed and is refused, so that what it said before counts on: {Reason}")]
    private partial void LogRefused(string reason);
}

/// <summary>Lets options change while a service runs.</summary>
public static class CurrentOptionsSetup
{
    /// <summary>Has whoever takes <see cref="IOptions{T}"/> read them as they are at the moment.</summary>
    public static OptionsBuilder<T> KeepCurrent<T>(this OptionsBuilder<T> options)
        where T : class
    {
        options.Services.AddSingleton<IOptions<T>, CurrentOptions<T>>();
        return options;
    }
}
