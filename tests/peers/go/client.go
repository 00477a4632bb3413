package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	pb "rsgrpc.test/peers/generated"
)

var checks = []struct {
	name string
	run  func(context.Context, pb.PeersClient) error
}{
	{"unary", unary},
	{"server stream", serverStream},
	{"client stream", clientStream},
	{"bidi", bidi},
	{"metadata", echoes},
	{"error details", errorDetails},
	{"error in a stream", errorInAStream},
	{"deadline", deadline},
	{"deadline of a stream", deadlineOfAStream},
	{"cancellation", cancellation},
	{"cancellation of a stream", cancellationOfAStream},
}

// check runs every check on a connection of its own, and returns the exit code.
func check(address string) int {
	failed := 0
	for _, one := range checks {
		if err := checkOne(address, one.run); err != nil {
			failed++
			fmt.Printf("FAILED: %s: %v\n", one.name, err)
		}
	}
	fmt.Printf("%d passed, %d failed\n", len(checks)-failed, failed)
	return min(failed, 1)
}

func checkOne(address string, run func(context.Context, pb.PeersClient) error) error {
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return run(ctx, pb.NewPeersClient(connection))
}

func unary(ctx context.Context, client pb.PeersClient) error {
	answer, err := client.Unary(ctx, &pb.Question{Text: "hello"})
	if err != nil {
		return err
	}
	return same("the answer", answer.Text, "hello")
}

func serverStream(ctx context.Context, client pb.PeersClient) error {
	stream, err := client.ServerStream(ctx, &pb.Question{Text: "again", Answers: 3})
	if err != nil {
		return err
	}
	texts, err := all(stream)
	return errors.Join(err, same("the answers", fmt.Sprint(texts), "[again again again]"))
}

func clientStream(ctx context.Context, client pb.PeersClient) error {
	stream, err := client.ClientStream(ctx)
	if err != nil {
		return err
	}
	for _, text := range []string{"a", "b", "c"} {
		if err := stream.Send(&pb.Question{Text: text}); err != nil {
			return err
		}
	}
	answer, err := stream.CloseAndRecv()
	return errors.Join(err, same("the answer", answer.GetText(), "a b c"))
}

// Each question is sent only once the one before is answered: nothing may be held back.
func bidi(ctx context.Context, client pb.PeersClient) error {
	stream, err := client.Bidi(ctx)
	if err != nil {
		return err
	}
	for _, text := range []string{"one", "two", "three"} {
		if err := stream.Send(&pb.Question{Text: text}); err != nil {
			return err
		}
		answer, err := stream.Recv()
		if err := errors.Join(err, same("the answer", answer.GetText(), text)); err != nil {
			return err
		}
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	rest, err := all(stream)
	return errors.Join(err, same("what follows", len(rest), 0))
}

const bytes = "\x00\x01\xfe\xff"

func echoes(ctx context.Context, client pb.PeersClient) error {
	ctx = metadata.AppendToOutgoingContext(ctx, "echo-text", "a b", "echo-bin", bytes)
	var header, trailer metadata.MD
	_, err := client.Unary(ctx, &pb.Question{Text: "x"}, grpc.Header(&header), grpc.Trailer(&trailer))
	if err := errors.Join(err, echoed(header, trailer)); err != nil {
		return err
	}
	down, err := client.ServerStream(ctx, &pb.Question{Text: "x", Answers: 1})
	if err != nil {
		return err
	}
	if _, err := all(down); err != nil {
		return err
	}
	return echoedOn(down)
}

func echoedOn(stream grpc.ClientStream) error {
	header, err := stream.Header()
	return errors.Join(err, echoed(header, stream.Trailer()))
}

func echoed(header, trailer metadata.MD) error {
	return errors.Join(
		same("the header", fmt.Sprintf("%q", header.Get("echo-text")), `["a b"]`),
		same("the trailer", fmt.Sprintf("%q", trailer.Get("echo-bin")), fmt.Sprintf("%q", []string{bytes})),
	)
}

func errorDetails(ctx context.Context, client pb.PeersClient) error {
	_, err := client.Unary(ctx, &pb.Question{Text: "why", Fail: true})
	return refused(err)
}

func errorInAStream(ctx context.Context, client pb.PeersClient) error {
	stream, err := client.Bidi(ctx)
	if err != nil {
		return err
	}
	for _, question := range []*pb.Question{{Text: "fine"}, {Text: "why", Fail: true}} {
		if err := stream.Send(question); err != nil {
			return err
		}
	}
	answer, err := stream.Recv()
	if err := errors.Join(err, same("the first answer", answer.GetText(), "fine")); err != nil {
		return err
	}
	_, err = stream.Recv()
	return refused(err)
}

func refused(err error) error {
	failed := status.Convert(err)
	if err := errors.Join(same("the code", failed.Code(), codes.InvalidArgument), same("the message", failed.Message(), "no ☃ today")); err != nil {
		return err
	}
	details := failed.Details()
	if len(details) != 1 {
		return fmt.Errorf("%d details", len(details))
	}
	detail, ok := details[0].(*errdetails.BadRequest)
	if !ok || len(detail.FieldViolations) != 1 {
		return fmt.Errorf("the details are %v", details)
	}
	violation := detail.FieldViolations[0]
	return same("the violation", violation.Field+": "+violation.Description, "text: why")
}

func deadline(ctx context.Context, client pb.PeersClient) error {
	long, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	answer, err := client.Unary(long, &pb.Question{Text: "x"})
	if err != nil {
		return err
	}
	if left := answer.GetRemainingMs(); left < 20_000 || left > 30_000 {
		return fmt.Errorf("the handler saw %d ms of 30,000", left)
	}
	short, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	_, err = client.Unary(short, &pb.Question{Text: "x", SleepMs: 60_000})
	return same("the code", status.Code(err), codes.DeadlineExceeded)
}

func deadlineOfAStream(ctx context.Context, client pb.PeersClient) error {
	ctx, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
	defer cancel()
	stream, err := begun(ctx, client)
	if err != nil {
		return err
	}
	_, err = stream.Recv()
	return same("the code", status.Code(err), codes.DeadlineExceeded)
}

// begun is a stream whose first question is answered, while the second is not going to be.
func begun(ctx context.Context, client pb.PeersClient) (grpc.BidiStreamingClient[pb.Question, pb.Answer], error) {
	stream, err := client.Bidi(ctx)
	if err != nil {
		return nil, err
	}
	for _, question := range []*pb.Question{{Text: "x"}, {Text: "y", SleepMs: 60_000}} {
		if err := stream.Send(question); err != nil {
			return nil, err
		}
	}
	answer, err := stream.Recv()
	return stream, errors.Join(err, same("the first answer", answer.GetText(), "x"))
}

func cancellation(ctx context.Context, client pb.PeersClient) error {
	return givenUp(ctx, client, func(ctx context.Context) error {
		_, err := client.Unary(ctx, &pb.Question{Text: "x", SleepMs: 60_000})
		return err
	})
}

func cancellationOfAStream(ctx context.Context, client pb.PeersClient) error {
	return givenUp(ctx, client, func(ctx context.Context) error {
		stream, err := begun(ctx, client)
		if err != nil {
			return err
		}
		_, err = stream.Recv()
		return err
	})
}

// givenUp cancels a call after a while, and waits until the server knows of one more that was given up.
func givenUp(ctx context.Context, client pb.PeersClient, call func(context.Context) error) error {
	before, err := client.Cancelled(ctx, &pb.CancelledRequest{})
	if err != nil {
		return err
	}
	calling, cancel := context.WithCancel(ctx)
	time.AfterFunc(300*time.Millisecond, cancel)
	if err := same("the code", status.Code(call(calling)), codes.Canceled); err != nil {
		return err
	}
	for range 50 {
		now, err := client.Cancelled(ctx, &pb.CancelledRequest{})
		if err != nil {
			return err
		}
		if now.Calls > before.Calls {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return errors.New("the server did not notice")
}

type answers interface{ Recv() (*pb.Answer, error) }

func all(stream answers) (texts []string, err error) {
	for {
		answer, err := stream.Recv()
		if err == io.EOF {
			return texts, nil
		}
		if err != nil {
			return texts, err
		}
		texts = append(texts, answer.Text)
	}
}

func same[T comparable](what string, got, wanted T) error {
	if got == wanted {
		return nil
	}
	return fmt.Errorf("%s: %v instead of %v", what, got, wanted)
}
