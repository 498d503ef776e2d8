using OrderMall.Notification;

await ServiceHost.RunAsync<NotificationService>(args);
