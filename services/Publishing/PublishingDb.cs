using Microsoft.EntityFrameworkCore;
using OrderMall.ServiceDefaults.Database;

namespace OrderMall.Publishing;

/// <summary>Publishers' registrations of new titles.</summary>
internal sealed class PublishingDb(DbContextOptions<PublishingDb> options) : MallDb(options);
