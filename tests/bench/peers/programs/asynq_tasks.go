// asynq with net/http. `enqueue` adds PEER_TASKS tasks and says how long that took; `work` runs a server.
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hibiken/asynq"
)

const atOnce = 100

var sink = os.Getenv("PEER_SINK")

func main() {
	redis := asynq.RedisClientOpt{Addr: "127.0.0.1:" + os.Getenv("PEER_REDIS_PORT"), PoolSize: atOnce}
	if os.Args[1] == "enqueue" {
		enqueue(redis)
		return
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConns: atOnce, MaxIdleConnsPerHost: atOnce}}
	post := func(ctx context.Context, task *asynq.Task) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, sink, bytes.NewReader(task.Payload()))
		if err != nil {
			return err
		}
		answer, err := client.Do(request)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		io.Copy(io.Discard, answer.Body)
		if answer.StatusCode >= 300 {
			return fmt.Errorf("status %d", answer.StatusCode)
		}
		return nil
	}
	server := asynq.NewServer(redis, asynq.Config{Concurrency: atOnce, LogLevel: asynq.ErrorLevel})
	if err := server.Run(asynq.HandlerFunc(post)); err != nil {
		log.Fatal(err)
	}
}

func enqueue(redis asynq.RedisClientOpt) {
	tasks, err := strconv.Atoi(os.Getenv("PEER_TASKS"))
	if err != nil {
		log.Fatal(err)
	}
	client := asynq.NewClient(redis)
	body := []byte(strings.Repeat("x", 200))
	left := make(chan struct{}, tasks)
	for range tasks {
		left <- struct{}{}
	}
	close(left)
	begun := time.Now()
	var callers sync.WaitGroup
	for range atOnce {
		callers.Add(1)
		go func() {
			defer callers.Done()
			for range left {
				if _, err := client.Enqueue(asynq.NewTask("post", body)); err != nil {
					log.Fatal(err)
				}
			}
		}()
	}
	callers.Wait()
	fmt.Printf("{\"seconds\": %f}\n", time.Since(begun).Seconds())
}
