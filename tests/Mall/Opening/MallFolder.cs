namespace OrderMall.Mall.Tests.Opening;

/// <summary>A new folder for one mall, gone when it is disposed. Open to other users: PostgreSQL does not run as root.</summary>
internal sealed class MallFolder : IDisposable
{
    public MallFolder() => Directory.CreateDirectory(Path);

    public string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"ordermall-{Guid.NewGuid():N}");

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
