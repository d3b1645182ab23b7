// Every call of taskqueue, against the server at API_HOST and API_PORT. Prints what it saw as JSON.
// The test builds it with version 1 of the SDK, too: the import paths are all that differs.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	"google.golang.org/appengine/v2"
	"google.golang.org/appengine/v2/taskqueue"
)

const queue = "pull-queue"

var seen = map[string]any{}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func names(tasks []*taskqueue.Task) []string {
	found := []string{}
	for _, task := range tasks {
		found = append(found, task.Name)
	}
	return found
}

func pull(name string, payload string, tag string) *taskqueue.Task {
	return &taskqueue.Task{Name: name, Payload: []byte(payload), Method: "PULL", Tag: tag}
}

func leases(ctx context.Context) {
	old := time.Unix(1000000000, 0)
	for i, tag := range []string{"parse", "render", "parse"} {
		task := pull(fmt.Sprint("t", i), tag, tag)
		task.ETA = old.Add(time.Duration(i) * time.Second)
		_, err := taskqueue.Add(ctx, task, queue)
		check(err)
	}
	render, err := taskqueue.LeaseByTag(ctx, 100, queue, 3600, "render")
	check(err)
	seen["render"] = fmt.Sprint(render[0].Name, " ", string(render[0].Payload), " ", render[0].Tag, " ", render[0].RetryCount)
	oldest, err := taskqueue.LeaseByTag(ctx, 100, queue, 3600, "")
	check(err)
	seen["oldest"] = names(oldest)
	check(taskqueue.ModifyLease(ctx, oldest[0], queue, 7200))
	left := time.Until(oldest[0].ETA)
	seen["extended"] = left > 7100*time.Second && left < 7300*time.Second
	oldest[1].ETA = oldest[1].ETA.Add(-time.Microsecond)
	seen["stale"] = fmt.Sprint(taskqueue.ModifyLease(ctx, oldest[1], queue, 1))
	check(taskqueue.DeleteMulti(ctx, append(render, oldest...), queue))
	again := taskqueue.DeleteMulti(ctx, []*taskqueue.Task{oldest[0], pull("never", "", "")}, queue)
	seen["deleted again"] = fmt.Sprint([]error(again.(appengine.MultiError)))
	added, err := taskqueue.Add(ctx, pull("", "x", ""), queue)
	check(err)
	all, err := taskqueue.Lease(ctx, 100, queue, 3600)
	check(err)
	seen["chosen name"] = len(added.Name) == 20 && all[0].Name == added.Name
	check(taskqueue.Delete(ctx, all[0], queue))
	none, err := taskqueue.Lease(ctx, 100, queue, 3600)
	check(err)
	seen["none"] = names(none)
}

func adds(ctx context.Context) {
	_, err := taskqueue.Add(ctx, pull("taken", "", ""), queue)
	check(err)
	batch := []*taskqueue.Task{pull("new", "", ""), pull("taken", "", ""), pull("t0", "", "")}
	_, err = taskqueue.AddMulti(ctx, batch, queue)
	multi := err.(appengine.MultiError)
	seen["batch"] = fmt.Sprint(multi[0], " ", multi[1] == taskqueue.ErrTaskAlreadyAdded, " ", multi[2] == taskqueue.ErrTaskAlreadyAdded)
	_, err = taskqueue.Add(ctx, pull("taken", "", ""), queue)
	seen["taken"] = err == taskqueue.ErrTaskAlreadyAdded
	_, err = taskqueue.Add(ctx, pull("", "", ""), "unknown")
	seen["unknown queue"] = fmt.Sprint(err)
	limited := pull("limited", "", "")
	limited.RetryOptions = &taskqueue.RetryOptions{RetryLimit: 1, MinBackoff: time.Second}
	_, err = taskqueue.Add(ctx, limited, queue)
	check(err)
	stats, err := taskqueue.QueueStats(ctx, []string{queue, "unknown"})
	check(err)
	seen["statistics"] = fmt.Sprint(stats[0].Tasks, " ", stats[0].Executed1Minute, " ", stats[1].Tasks, " ", stats[1].OldestETA.IsZero())
	check(taskqueue.Purge(ctx, queue))
	stats, err = taskqueue.QueueStats(ctx, []string{queue})
	check(err)
	seen["purged"] = stats[0].Tasks
}

func push(ctx context.Context) {
	task := taskqueue.NewPOSTTask("/work", map[string][]string{"a": {"1"}})
	task.Name, task.Delay = "push", time.Hour
	task.Header.Set("Host", "worker.local.appspot.com")
	task.RetryOptions = &taskqueue.RetryOptions{RetryLimit: 7, AgeLimit: time.Minute, MaxDoublings: 0, ApplyZeroMaxDoublings: true}
	_, err := taskqueue.Add(ctx, task, "")
	check(err)
	_, err = taskqueue.Add(ctx, &taskqueue.Task{Delay: time.Hour, Name: "plain"}, "push-queue")
	check(err)
	headers := taskqueue.ParseRequestHeaders(http.Header{
		"X-Appengine-Queuename":      {"q"},
		"X-Appengine-Taskretrycount": {"4294967297"},
	})
	seen["headers"] = fmt.Sprint(headers.QueueName, " ", headers.TaskRetryCount)
}

func main() {
	ctx := context.Background()
	leases(ctx)
	adds(ctx)
	push(ctx)
	short, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	_, err := taskqueue.Lease(short, 1, queue, 60)
	seen["within a deadline"] = fmt.Sprint(err)
	check(json.NewEncoder(os.Stdout).Encode(seen))
}
