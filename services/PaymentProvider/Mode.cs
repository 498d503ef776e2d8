using System.Text.Json.Serialization;
using FluentValidation;

namespace OrderMall.PaymentProvider;

/// <summary>How the provider behaves, to try the mall's answer to it.</summary>
[JsonConverter(typeof(NamedValueConverter<Behaviour>))]
internal enum Behaviour
{
    /// <summary>As it should.</summary>
    [JsonStringEnumMemberName("normal")] Normal,

    /// <summary>Does what it is asked, and answers late.</summary>
    [JsonStringEnumMemberName("slow")] Slow,

    /// <summary>Does nothing and answers 503.</summary>
    [JsonStringEnumMemberName("down")] Down,

    /// <summary>Declines every new charge.</summary>
    [JsonStringEnumMemberName("decline")] Decline,
}

/// <summary>The mode that is set.</summary>
/// <param name="DelayMs">How late a slow answer is, in milliseconds.</param>
internal sealed record ProviderMode(Behaviour? Mode, int? DelayMs)
{
    public const int DefaultDelayMs = 1000;
    public const int LongestDelayMs = 60_000;
}

/// <summary>Refuses modes there are not.</summary>
internal sealed class ProviderModeValidator : AbstractValidator<ProviderMode>
{
    public ProviderModeValidator()
    {
        RuleFor(mode => mode.Mode).NotNull().WithMessage("Must be one of: normal, slow, down, decline.");
        RuleFor(mode => mode.DelayMs).InclusiveBetween(0, ProviderMode.LongestDelayMs)
            .WithMessage($"Must be a number of milliseconds from 0 to {ProviderMode.LongestDelayMs}.");
    }
}

/// <summary>Keeps the mode, for the life of the process.</summary>
internal sealed class ModeSwitch
{
    private volatile ProviderMode _current = new(Behaviour.Normal, ProviderMode.DefaultDelayMs);

    public ProviderMode Current
    {
        get => _current;
        set => _current = value with { DelayMs = value.DelayMs ?? ProviderMode.DefaultDelayMs };
    }
}
