using System.Data;

namespace OrderMall.Dispatch;

/// <summary>Workers, and whom they are sent to.</summary>
internal sealed class DispatchDb(DbContextOptions<DispatchDb> options) : MallDb(options)
{
    public DbSet<Worker> Workers => Set<Worker>();

    public DbSet<Assignment> Assignments => Set<Assignment>();

    public DbSet<DayOff> DaysOff => Set<DayOff>();

    /// <summary>A merchant's workers who can be sent somewhere on a day: neither sent anywhere on it, nor off.</summary>
    public IQueryable<Worker> FreeWorkers(string merchantId, DateOnly? day) => Workers.Where(worker =>
        worker.MerchantId == merchantId
        && !Assignments.Any(visit => visit.WorkerId == worker.Id && visit.Status == AssignmentStatus.Assigned && visit.Date == day)
        && !DaysOff.Any(off => off.WorkerId == worker.Id && off.Date == day));

    /// <summary>
    /// Begins a transaction in which nobody else changes a merchant's workers and requests. What was read before this may
    /// have changed since: whatever is decided on is read afterwards.
    /// </summary>
    public async Task LockAsync(string merchantId, CancellationToken cancellationToken)
    {
        // A statement of its own, and read committed: the statements after it see all that was committed while it waited.
        if (Database.CurrentTransaction is null)
            await Database.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken);
        await Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock(hashtextextended({merchantId}, 0))", cancellationToken);
    }

    /// <summary>Publishes what happened to an assignment, with the assignment's change.</summary>
    public void Publish(string type, Assignment assignment, DateTimeOffset at) =>
        this.Publish(type, new AssignmentEvent(assignment.OrderId, assignment.Version, at, assignment.WorkerId, assignment.WorkerName));

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        base.OnModelCreating(modelBuilder);
        modelBuilder.Entity<Worker>(worker =>
        {
            worker.ToTable("worker").HasKey(w => w.Id);
            worker.Property(w => w.Id).ValueGeneratedNever();
        });
        modelBuilder.Entity<DayOff>().ToTable("day_off").HasKey(off => new { off.WorkerId, off.Date });
        modelBuilder.Entity<Assignment>(assignment =>
        {
            assignment.ToTable("assignment").HasKey(a => a.OrderId);
            assignment.Property(a => a.OrderId).ValueGeneratedNever();
            assignment.Property(a => a.Version).IsConcurrencyToken();
            assignment.Property(a => a.Status).HasConversion<string>();
        });
    }
}
