using Microsoft.EntityFrameworkCore;
using OrderMall.ServiceDefaults.Database;

namespace OrderMall.Dispatch;

/// <summary>Workers, and whom they are sent to.</summary>
internal sealed class DispatchDb(DbContextOptions<DispatchDb> options) : MallDb(options);
