using System.Diagnostics;

namespace OrderMall.AppHost.Supervision;

/// <summary>A program of the mall that is kept running: an instance of a service, or a sidecar.</summary>
/// <param name="alive">Answers with success while it lives.</param>
/// <param name="token">What it is asked with, in <c>dapr-api-token</c>; none where it asks for none.</param>
internal sealed class SupervisedProgram(string name, Uri alive, string? token)
{
    private readonly SemaphoreSlim _turn = new(1);

    public string Name => name;

    public Uri Alive => alive;

    public string? Token => token;

    /// <summary>What Aspire last said of it.</summary>
    public ResourceEvent? Latest { get; set; }

    /// <summary>Whether it is to run: an operator, or the dashboard's command, may have stopped it.</summary>
    public bool IsWanted { get; set; } = true;

    /// <summary>How often it ended, or hung, by itself and was started again.</summary>
    public int Restarts { get; set; }

    /// <summary>Why, the last time.</summary>
    public string? Reason { get; set; }

    /// <summary>Probes in a row that had no answer, since the first answer of this process.</summary>
    public int Misses { get; set; }

    /// <summary>When the first of them was noticed, by <see cref="Stopwatch.GetTimestamp"/>.</summary>
    public long MissingSince { get; set; }

    /// <summary>The process that has answered: before that it is starting.</summary>
    public int? Answered { get; set; }

    /// <summary>Whether it answers.</summary>
    public bool IsServing => IsRunning && Misses == 0 && Answered == ProcessId;

    /// <summary>The process that was killed, since it was of no use any more.</summary>
    public int? Killed { get; private set; }

    /// <summary>Why it was killed, until it is started again.</summary>
    public string? KillReason { get; set; }

    /// <summary>Whether it is being started again.</summary>
    public bool IsRestarting { get; set; }

    public string State => Latest?.Snapshot.State?.Text ?? "";

    public bool IsRunning => State == KnownResourceStates.Running;

    /// <summary>Whether there is a process to stop: one that still waits for others has none.</summary>
    public bool HasProcess => IsRunning || State == KnownResourceStates.Starting || State == KnownResourceStates.Stopping;

    public bool HasEnded => KnownResourceStates.TerminalStates.Contains(State) || State == "Terminated";

    /// <summary>Waits until nobody else starts or stops it. Dispose it to let the next.</summary>
    public async Task<IDisposable> TakeTurnAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        return new Turn(_turn);
    }

    /// <summary>Ends its process at once: it is then started again, as if it had ended by itself.</summary>
    public void Kill(int processId, string reason)
    {
        Killed = processId;
        try
        {
            using var process = Process.GetProcessById(processId);
            process.Kill();
            KillReason = reason;
        }
        catch (Exception gone) when (gone is ArgumentException or InvalidOperationException)
        {
            // It ended meanwhile.
        }
    }

    public int? ProcessId => Latest?.Snapshot.Properties.FirstOrDefault(property => property.Name == "executable.pid")?.Value switch
    {
        int id => id,
        string text when int.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var id) => id,
        _ => null,
    };

    private sealed class Turn(SemaphoreSlim turn) : IDisposable
    {
        public void Dispose() => turn.Release();
    }
}
