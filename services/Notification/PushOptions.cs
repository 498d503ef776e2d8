namespace OrderMall.Notification;

/// <summary>The provider of push messages or SMS: section <c>Push</c>.</summary>
internal sealed class PushOptions
{
    private const string Section = "Push";
    private static readonly TimeSpan LongestTimeLimit = TimeSpan.FromMinutes(1);

    /// <summary>Where messages are posted to.</summary>
    public string? Address { get; set; }

    /// <summary>What the provider knows the mall by.</summary>
    public string? Key { get; set; }

    /// <summary>How long the provider has for one message.</summary>
    public TimeSpan TimeLimit { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>The pause after the first attempt; it doubles with each.</summary>
    public TimeSpan RetryAfter { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Reads the section.</summary>
    /// <returns><see langword="null"/> where no provider is configured.</returns>
    /// <exception cref="InvalidOperationException">It is not complete or not possible; the message names the key.</exception>
    public static PushOptions? Read(IConfiguration configuration)
    {
        var section = configuration.GetSection(Section);
        if (section.GetChildren().All(setting => string.IsNullOrEmpty(setting.Value)))
            return null;
        var options = section.Get<PushOptions>(binder => binder.ErrorOnUnknownConfiguration = true)!;
        ExternalProvider.Read(configuration, AppIds.Notification, $"{Section}:{nameof(Address)}", $"{Section}:{nameof(Key)}", "https://push.example.com/messages");
        foreach (var (name, time) in new[] { (nameof(TimeLimit), options.TimeLimit), (nameof(RetryAfter), options.RetryAfter) })
        {
            if (time <= TimeSpan.Zero || time > LongestTimeLimit)
                throw new InvalidOperationException($"{Section}:{name} is {time}: it must be more than 0 and at most {LongestTimeLimit}.");
        }

        return options;
    }
}
