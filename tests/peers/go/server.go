package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	pb "rsgrpc.test/peers/generated"
)

type service struct {
	pb.UnimplementedPeersServer
	cancelled atomic.Uint64
}

// serve listens on a free port of 127.0.0.1 and prints the port.
func serve() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	server := grpc.NewServer()
	pb.RegisterPeersServer(server, &service{})
	log.Fatal(server.Serve(listener))
}

func (s *service) Unary(ctx context.Context, question *pb.Question) (*pb.Answer, error) {
	header, trailer := echo(ctx)
	if err := grpc.SetHeader(ctx, header); err != nil {
		return nil, err
	}
	if err := grpc.SetTrailer(ctx, trailer); err != nil {
		return nil, err
	}
	return s.answer(ctx, question)
}

func (s *service) ServerStream(question *pb.Question, stream grpc.ServerStreamingServer[pb.Answer]) error {
	if err := echoOn(stream); err != nil {
		return err
	}
	for range question.Answers {
		answer, err := s.answer(stream.Context(), question)
		if err != nil {
			return err
		}
		if err := stream.Send(answer); err != nil {
			return err
		}
	}
	return nil
}

func (s *service) ClientStream(stream grpc.ClientStreamingServer[pb.Question, pb.Answer]) error {
	if err := echoOn(stream); err != nil {
		return err
	}
	var texts []string
	for {
		question, err := stream.Recv()
		if err == io.EOF {
			return stream.SendAndClose(&pb.Answer{Text: strings.Join(texts, " ")})
		}
		if err != nil {
			return err
		}
		answer, err := s.answer(stream.Context(), question)
		if err != nil {
			return err
		}
		texts = append(texts, answer.Text)
	}
}

func (s *service) Bidi(stream grpc.BidiStreamingServer[pb.Question, pb.Answer]) error {
	if err := echoOn(stream); err != nil {
		return err
	}
	for {
		question, err := stream.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		answer, err := s.answer(stream.Context(), question)
		if err != nil {
			return err
		}
		if err := stream.Send(answer); err != nil {
			return err
		}
	}
}

func (s *service) Cancelled(context.Context, *pb.CancelledRequest) (*pb.CancelledReply, error) {
	return &pb.CancelledReply{Calls: s.cancelled.Load()}, nil
}

func (s *service) answer(ctx context.Context, question *pb.Question) (*pb.Answer, error) {
	if question.SleepMs > 0 {
		select {
		case <-time.After(time.Duration(question.SleepMs) * time.Millisecond):
		case <-ctx.Done():
			s.cancelled.Add(1)
			return nil, status.FromContextError(ctx.Err()).Err()
		}
	}
	if question.Fail {
		return nil, failure(question.Text)
	}
	answer := &pb.Answer{Text: question.Text}
	if deadline, ok := ctx.Deadline(); ok {
		left := uint64(time.Until(deadline).Milliseconds())
		answer.RemainingMs = &left
	}
	return answer, nil
}

func failure(description string) error {
	violation := &errdetails.BadRequest_FieldViolation{Field: "text", Description: description}
	detail := &errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{violation}}
	failed, err := status.New(codes.InvalidArgument, "no ☃ today").WithDetails(detail)
	if err != nil {
		return err
	}
	return failed.Err()
}

// echo is what comes back of a request's metadata: a header and a trailer.
func echo(ctx context.Context) (header, trailer metadata.MD) {
	sent, _ := metadata.FromIncomingContext(ctx)
	header, trailer = metadata.MD{}, metadata.MD{}
	header.Append("echo-text", sent.Get("echo-text")...)
	trailer.Append("echo-bin", sent.Get("echo-bin")...)
	return header, trailer
}

func echoOn(stream grpc.ServerStream) error {
	header, trailer := echo(stream.Context())
	stream.SetTrailer(trailer)
	return stream.SendHeader(header)
}
