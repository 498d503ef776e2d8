using OrderMall.Sidecar;

// The sidecar as a process of its own: used when every service of the mall is one too.
return await SidecarProcess.RunAsync(args);
