using Microsoft.Extensions.Hosting;

namespace OrderMall.AppHost.Supervision;

/// <summary>Whether the mall is open, or why it cannot be.</summary>
internal sealed class MallState(IHostApplicationLifetime lifetime)
{
    private readonly TaskCompletionSource<string?> _failure = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Whether it was opened: what ends from now on is started again.</summary>
    public bool IsOpen { get; set; }

    /// <summary>Whether it is being closed: what ends from now on stays so.</summary>
    public bool IsClosing
    {
        get => field || lifetime.ApplicationStopping.IsCancellationRequested;
        set;
    }

    /// <summary>Completes, with what people are told, when the mall cannot be opened.</summary>
    public Task<string?> Failure => _failure.Task;

    /// <summary>Gives the opening up.</summary>
    /// <param name="why">What people are told; <see langword="null"/> where they asked for it.</param>
    public void CannotOpen(string? why)
    {
        if (IsOpen)
            return;
        IsClosing = true;
        _failure.TrySetResult(why);
    }
}
