using OrderMall.MyPage;

await ServiceHost.RunAsync<MyPageService>(args);
