using Microsoft.Extensions.Configuration.Json;
using Microsoft.Extensions.FileProviders;

namespace OrderMall.ServiceDefaults.Configuration;

/// <summary>
/// The JSON file of <c>Configuration:File</c>, such as a mounted ConfigMap: what it says counts before all else, and is read again when it changes. A change that is no JSON
/// is none: what was read before stays.
/// </summary>
internal sealed class SettingsFile : JsonConfigurationSource
{
    private const string Key = "Configuration:File";

    /// <summary>Reads it, where one is named.</summary>
    /// <exception cref="InvalidOperationException">There is no such file, or it is no JSON.</exception>
    public static void AddIfNamed(WebApplicationBuilder builder)
    {
        if (builder.Configuration[Key] is not { Length: > 0 } path)
            return;
        if (!System.IO.Path.IsPathFullyQualified(path) || !File.Exists(path))
            throw new InvalidOperationException($"{Key} is '{path}': it must be the full path of a JSON file that is there.");
        // Polled: where a file is mounted its changes are seldom told.
        var folder = new PhysicalFileProvider(System.IO.Path.GetDirectoryName(path)!) { UsePollingFileWatcher = true, UseActivePolling = true };
        try
        {
            builder.Configuration.Sources.Add(new SettingsFile { FileProvider = folder, Path = System.IO.Path.GetFileName(path), Optional = false, ReloadOnChange = true });
        }
        catch (InvalidDataException wrong)
        {
            throw new InvalidOperationException($"{Key}: {path} is no JSON: {wrong.InnerException?.Message ?? wrong.Message}", wrong);
        }
    }

    /// <inheritdoc/>
    public override IConfigurationProvider Build(IConfigurationBuilder builder)
    {
        EnsureDefaults(builder);
        return new Provider(this);
    }

    private sealed class Provider(SettingsFile source) : JsonConfigurationProvider(source)
    {
        private IDictionary<string, string?>? _read;

        public override void Load(Stream stream)
        {
            try
            {
                base.Load(stream);
                _read = Data;
            }
            catch (FormatException e) when (_read is not null)
            {
                Console.Error.WriteLine($"{Key}: {Source.Path} is no JSON any more, and what it said before counts on: {e.Message}");
            }
        }

        public override bool TryGet(string key, out string? value)
        {
            KeepWhileGone();
            return base.TryGet(key, out value);
        }

        public override IEnumerable<string> GetChildKeys(IEnumerable<string> earlierKeys, string? parentPath)
        {
            KeepWhileGone();
            return base.GetChildKeys(earlierKeys, parentPath);
        }

        // A file that is replaced is not there for a moment, which .NET takes for an empty one.
        private void KeepWhileGone()
        {
            if (_read is { } read && Data.Count == 0 && read.Count > 0 && Source.FileProvider?.GetFileInfo(Source.Path!).Exists == false)
                Data = read;
        }
    }
}
