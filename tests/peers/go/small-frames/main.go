// Streams small messages by grpc-go: small-frames ADDRESS MESSAGES. Fails unless the server has counted them all.
package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"strconv"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// raw is a codec of messages that are bytes already.
type raw struct{}

func (raw) Name() string                        { return "proto" }
func (raw) Marshal(message any) ([]byte, error) { return *message.(*[]byte), nil }
func (raw) Unmarshal(data []byte, message any) error {
	*message.(*[]byte) = append([]byte(nil), data...)
	return nil
}

func run(address string, count uint64) error {
	connection, err := grpc.NewClient(address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(raw{})))
	if err != nil {
		return err
	}
	defer connection.Close()
	description := &grpc.StreamDesc{ClientStreams: true}
	stream, err := connection.NewStream(context.Background(), description, "/bench.v1.Bench/Upload")
	if err != nil {
		return err
	}
	message := []byte("\x0a\x0a0123456789")
	for sent := uint64(0); sent < count; sent++ {
		if err := stream.SendMsg(&message); err != nil {
			// Why the stream ended is told by its status.
			return fmt.Errorf("after %d messages: %w", sent, stream.RecvMsg(new([]byte)))
		}
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	var reply []byte
	if err := stream.RecvMsg(&reply); err != nil {
		return err
	}
	if counted, _ := binary.Uvarint(reply[1:]); counted != count {
		return fmt.Errorf("%d of %d messages arrived", counted, count)
	}
	return nil
}

func main() {
	count, err := strconv.ParseUint(os.Args[2], 10, 64)
	if err == nil {
		err = run(os.Args[1], count)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
