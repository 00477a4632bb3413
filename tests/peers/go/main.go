// The service of peers.proto on grpc-go (`serve`), and what grpc-go's client checks of a server (`check ADDRESS`).
package main

import (
	"fmt"
	"os"
)

func main() {
	switch {
	case len(os.Args) == 2 && os.Args[1] == "serve":
		serve()
	case len(os.Args) == 3 && os.Args[1] == "check":
		os.Exit(check(os.Args[2]))
	default:
		fmt.Fprintln(os.Stderr, "usage: peer serve | peer check ADDRESS")
		os.Exit(2)
	}
}
