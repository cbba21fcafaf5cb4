*** Settings ***
Documentation    Every keyword of RefereeLibrary as a bot uses it, its errors included.

Library          Collections
Library          OperatingSystem
Library          payment_files.py
Library          RefereeLibrary    ${FOLDER}/payments.xlsx
...                  audit=${FOLDER}/audit
...                  playbooks=${FOLDER}/playbooks

Suite Setup      Write Payment Decision    ${FOLDER}


*** Variables ***
${FOLDER}    ${OUTPUT DIR}/payments
${HEADER}    payment,country,amount,memo\n


*** Test Cases ***
There Must Be Cases Before They Can Be Processed
    [Documentation]    Processing nothing would look like success.
    Run Keyword And Expect Error
    ...    there are no cases to process; use Read Cases or Use Cases first
    ...    Process Cases

A Case List That Cannot Be Used Is Refused In One Sentence
    [Documentation]    Nothing has been decided then.
    Run Keyword And Expect Error    *none.csv: there is no such file; *    Read Cases    ${FOLDER}/none.csv
    Run Keyword And Expect Error    *playbooks: this is a folder, *    Read Cases    ${FOLDER}/playbooks
    Create File    ${FOLDER}/twice.csv    ${HEADER}R-1,DE,5,x\nR-1,DE,6,x\n
    Run Keyword And Expect Error    *the case `R-1` is there twice, in line 2 and line 3; *
    ...    Read Cases    ${FOLDER}/twice.csv
    Create File    ${FOLDER}/empty.csv    ${EMPTY}
    Run Keyword And Expect Error    *empty.csv: the file is empty    Read Cases    ${FOLDER}/empty.csv
    Run Keyword And Expect Error
    ...    *a CSV file has no sheets; *
    ...    Read Cases
    ...    ${FOLDER}/twice.csv
    ...    sheet=March

A List Without A Required Fact Is Refused With The Heading That Was Meant
    [Documentation]    Each of its cases would go to people, and stay there when the heading is mended.
    Create File    ${FOLDER}/misspelt.csv    payment,country,amuont\nR-1,DE,5\n
    VAR    ${meant}=    *line 1: *did you mean `amount`, which is called `amuont` here (column 3)[?]*
    Run Keyword And Expect Error    ${meant}    Read Cases    ${FOLDER}/misspelt.csv
    Run Keyword And Expect Error
    ...    ${meant}
    ...    Add Work Items
    ...    ${FOLDER}/misspelt.csv
    ...    file=${FOLDER}/misspelt.sqlite
    File Should Not Exist    ${FOLDER}/misspelt.sqlite

Gathered Cases That Cannot Be Told Apart Are Refused
    [Documentation]    All faults at once.
    ${first}=    A Payment    G-1
    VAR    &{nameless}=    country=DE    amount=${5}
    VAR    @{cases}=    ${first}    ${nameless}    ${first}
    Run Keyword And Expect Error
    ...    the cases can't be used: row 2 has no 'payment', *; rows 1 and 3 have the same 'payment': G-1
    ...    Use Cases    ${cases}

What Is No List Of Cases Is Refused With Advice
    [Documentation]    The file of a case list is for another keyword.
    Run Keyword And Expect Error    *not 'cases.csv'; *, say `Read Cases*    Use Cases    cases.csv
    VAR    @{rows}=    one    two
    Run Keyword And Expect Error    *dictionaries with facts by name, not 'one'; *    Use Cases    ${rows}

An Action Without Keyword Stops The Run Before The First Case
    [Documentation]    Of the routing table, and of a playbook that it can start.
    Create File    ${FOLDER}/cases.csv    ${HEADER}P-1,DE,1200,a\nP-2,FR,9000,b\nP-3,CH,10,c\nP-4,DE,,d\n
    ${cases}=    Read Cases    ${FOLDER}/cases.csv
    Length Should Be    ${cases}    4
    Run Keyword And Expect Error
    ...    *the action 'pay', *; add the line `On Action${SPACE * 4}pay*
    ...    Process Cases
    On Action    pay    Note Payment
    Run Keyword And Expect Error    *the action 'read reply', *the action 'send query', *    Process Cases
    Paid Should Be    @{EMPTY}

One Action Has One Keyword
    [Documentation]    Naming the same one again, in a loop for example, is no fault.
    On Action    pay    Note Payment
    On Action    pay    Note Payment
    Run Keyword And Expect Error    the action 'pay' is named twice, in `*Note Payment` and in `*Log`; *
    ...    On Action    pay    Log

Results Never Replace The Case List
    [Documentation]    Not even when they are told to.
    Name Actions
    Run Keyword And Expect Error    *cases.csv: this file is what the bot reads; *
    ...    Process Cases    results=${FOLDER}/cases.csv
    Paid Should Be    @{EMPTY}

Targets Are Looked At Before The First Case
    [Documentation]    Folders are made in the output folder alone.
    Name Actions
    Run Keyword And Expect Error    *x.xlsx: there is no folder *none; make it, or correct the name
    ...    Process Cases    results=${TEMPDIR}/none/x.xlsx
    Run Keyword And Expect Error    *playbooks: this is a folder; name a file in it
    ...    Process Cases    worklist=${FOLDER}/playbooks
    Run Keyword And Expect Error    *: results and worklist need a file each; name two
    ...    Process Cases    results=${FOLDER}/x.xlsx    worklist=${FOLDER}/x.xlsx
    Paid Should Be    @{EMPTY}

All Cases Are Processed
    [Documentation]    One of each route, and one that lacks a fact.
    ${counts}=    Process Cases    results=${FOLDER}/results.xlsx    worklist=${FOLDER}/worklist.xlsx
    Should Be Equal As Integers    ${counts.cases}    4
    Should Be Equal    ${counts.routes}    ${{ {"auto": 1, "human": 2, "exception": 1} }}
    Should Be Equal    ${counts.outcomes}    ${{ {"done": 1, "handed over": 2, "exception open": 1} }}
    Should Be Equal As Integers    ${counts.earlier}    0
    Paid Should Be    P-1
    File Should Exist    ${FOLDER}/results.xlsx
    File Should Exist    ${FOLDER}/worklist.xlsx

Processing Again Does Nothing Twice
    [Documentation]    Results and worklist go to the output folder when nothing else is said.
    ${counts}=    Process Cases
    Should Be Equal As Integers    ${counts.earlier}    3
    Paid Should Be    P-1
    File Should Exist    ${OUTPUT DIR}/results.xlsx
    File Should Exist    ${OUTPUT DIR}/worklist.xlsx

Decisions Come In The Order Of The Input
    [Documentation]    Also those of earlier runs.
    ${decisions}=    Get Decisions
    ${ids}=    Evaluate    [decision.case_id for decision in $decisions]
    Should Be Equal    ${ids}    ${{ ["P-1", "P-2", "P-3", "P-4"] }}
    Should Be Equal    ${decisions[1].reasons}    ${{ ("over the limit",) }}
    Route Should Be    ${decisions}[0]    auto

Gathered Cases Are Processed Too
    [Documentation]    Bots may bring their cases from anywhere.
    ${first}=    A Payment    G-1
    ${second}=    A Payment    G-2    country=XX
    VAR    @{cases}=    ${first}    ${second}
    Use Cases    ${cases}
    ${counts}=    Process Cases
    Should Be Equal    ${counts.routes}    ${{ {"auto": 1, "human": 1} }}
    Paid Should Be    P-1    G-1

Nothing To Decide Is A Fine Run
    [Documentation]    Bots that gather their cases may find none.
    Name Actions
    Use Cases    ${{ [] }}
    ${counts}=    Process Cases
    Should Be Equal As Integers    ${counts.cases}    0

A Failing Action Sends Its Case To People
    [Documentation]    The run goes on.
    On Action    pay    Pay But Not    F-1
    On Action    send query    Log
    On Action    read reply    No Reply
    Payments    F-1    F-2
    ${counts}=    Process Cases
    Should Be Equal    ${counts.outcomes}    ${{ {"done": 1, "handed over": 1} }}
    Should Be Equal As Integers    ${counts.failed}    1

A Run In Which Every Action Failed Does Not Pass
    [Documentation]    Results and worklist are written all the same.
    On Action    pay    Never Pay    the bank is closed
    Payments    F-3    F-4
    Run Keyword And Expect Error    every action failed: 2 actions, first: pay for F-3: the bank is closed
    ...    Process Cases    results=${FOLDER}/failed.xlsx
    File Should Exist    ${FOLDER}/failed.xlsx

A Target System That Is Gone Stops The Run
    [Documentation]    What was not begun is for the next run. Refusals of single cases are another matter.
    On Action    pay    Never Pay    the bank is closed
    Payments    F-5    F-6    F-7
    Run Keyword And Expect Error
    ...    the run stopped: 'pay' failed for 2 cases in a row, *F-6*. 1 case not begun, *
    ...    Process Cases
    ...    stop_after=2
    ${decisions}=    Get Decisions
    Length Should Be    ${decisions}    3

The Next Run Does What Was Not Begun
    [Documentation]    The cases whose action failed are with people.
    Name Actions
    Payments    F-5    F-6    F-7
    ${counts}=    Process Cases
    Should Be Equal As Integers    ${counts.earlier}    2

Refusals Of Single Cases Do Not Stop A Run
    [Documentation]    The target system is there, and its words are told as they are.
    On Action    pay    Never Pay    refused: the account is unknown
    Payments    F-8    F-9
    ${counts}=    Process Cases    stop_after=1
    Should Be Equal As Integers    ${counts.failed}    2
    ${decisions}=    Get Decisions
    Length Should Be    ${decisions}    2

Results That Cannot Be Replaced At The End Are Written Beside
    [Documentation]    As when somebody opens them in Excel while the bot works.
    On Action    pay    Pay While Somebody Blocks    ${FOLDER}/blocked.xlsx
    Payments    F-10
    ${counts}=    Process Cases    results=${FOLDER}/blocked.xlsx
    Should Be Equal As Integers    ${counts.failed}    0
    File Should Exist    ${FOLDER}/blocked (2).xlsx
    File Should Exist    ${OUTPUT DIR}/worklist.xlsx

A Case Is Decided By A Dictionary Or By Names
    [Documentation]    The first decision stands; what is missing is named.
    ${facts}=    A Payment    S-1
    ${decision}=    Decide Case    S-1    ${facts}
    Route Should Be    ${decision}    auto
    Should Be Equal    ${decision.reasons}    ${{ ("paid: memo of S-1",) }}
    ${again}=    Decide Case    S-1    country=DE    amount=${1200}    memo=memo of S-1
    Should Be Equal    ${again.receipt}    ${decision.receipt}

Facts Of Both Kinds Are One And A Missing One Is Named
    [Documentation]    Numbers may come as text, as Robot Framework gives them.
    ${mixed}=    Decide Case    S-2    ${{ {"country": "DE", "memo": "m"} }}    amount=9000.50
    Route Should Be    ${mixed}    human
    Should Be Equal    ${mixed.queue}    managers
    ${missing}=    Decide Case    S-3    country=DE    memo=m
    Route Should Be    ${missing}    human
    Should Contain    ${missing.reasons[0]}    `amount`

A Case Whose Facts Name Another One Goes To People
    [Documentation]    Nobody can tell which one is meant. Without any id nothing is decided.
    ${other}=    Decide Case    S-5    payment=S-6    country=DE    amount=${5}    memo=m
    Route Should Be    ${other}    human
    Should Contain    ${other.reasons[0]}    the case is `S-5`, but its fact `payment` names the case `S-6`
    Run Keyword And Expect Error    the case id is blank; *
    ...    Decide Case    ${SPACE}    country=DE    amount=${5}    memo=m

What Is No Decision Cannot Be Settled
    [Documentation]    One sentence, and no class names.
    Run Keyword And Expect Error    Settle Case takes a decision, as Decide Case returns it, not 'nonsense'
    ...    Settle Case    nonsense
    Run Keyword And Expect Error    Route Should Be takes a decision, *
    ...    Route Should Be    nonsense    auto

A Wrong Route Fails With Its Reasons
    [Documentation]    A route that does not exist is refused.
    ${decision}=    Decide Case    S-2    country=DE    amount=9000.50    memo=m
    Run Keyword And Expect Error    case S-2 took the route human, not auto: over the limit
    ...    Route Should Be    ${decision}    auto
    Run Keyword And Expect Error
    ...    *'maybe' that cannot be converted to Route*
    ...    Route Should Be
    ...    ${decision}
    ...    maybe

A Case Is Settled Once
    [Documentation]    For bots with a loop of their own.
    Name Actions
    ${decision}=    Decide Case    S-1    country=DE    amount=${1200}    memo=memo of S-1
    ${status}=    Settle Case    ${decision}
    Should Be Equal    ${status}    done
    ${status}=    Settle Case    ${decision}
    Should Be Equal    ${status}    done
    Paid Should Be    P-1    G-1    F-2    F-7    F-10    S-1

Each Route Is Settled In Its Own Way
    [Documentation]    Auto is done, human handed over, and an exception waits in its playbook.
    ${decision}=    Decide Case    S-2    country=DE    amount=9000.50    memo=m
    ${status}=    Settle Case    ${decision}
    Should Be Equal    ${status}    handed over
    ${decision}=    Decide Case    S-4    country=CH    amount=${5}    memo=m
    ${status}=    Settle Case    ${decision}
    Should Be Equal    ${status}    exception open

The Playbook Goes On When The Supplier Has Answered
    [Documentation]    The case is taken up where it stood.
    On Action    read reply    Evaluate Nothing But    ${{ {"agrees": True} }}
    ${decision}=    Decide Case    S-4    country=CH    amount=${5}    memo=m
    ${status}=    Settle Case    ${decision}
    Should Be Equal    ${status}    exception closed
    Paid Should Be    P-1    G-1    F-2    F-7    F-10    S-1

Results Stand In The List They Come From
    [Documentation]    The formula beside them stays, and a second run changes nothing.
    VAR    @{first}=    L-1    DE    ${1200}    a
    VAR    @{second}=    L-2    FR    ${9000}    b
    Write List    ${FOLDER}/list.xlsx    ${first}    ${second}
    Write Results Back    route=Route    status=State
    On Action    pay    Note Payment
    On Action    send query    Log
    On Action    read reply    Log
    Process The List
    Process The List

Cells Of One Case Are Written At Once
    [Documentation]    A case that isn't listed is an error.
    VAR    @{row}=    M-1    DE    ${1200}    a
    Write List    ${FOLDER}/cells.xlsx    ${row}
    Set Case Cells    M-1    in_file=${FOLDER}/cells.xlsx    Looked At=${True}
    ${row}=    Row Of List    ${FOLDER}/cells.xlsx    2
    Should Contain    ${row}    ${True}
    Run Keyword And Expect Error    *there is no row for the case 'M-9'
    ...    Set Case Cells    M-9    in_file=${FOLDER}/cells.xlsx    Looked At=${True}

A Credential Comes From Where The Machine Keeps It
    [Documentation]    Here from the environment, where resources find it too.
    Set Environment Variable    HEAD_OFFICE_USER    robot
    Set Environment Variable    HEAD_OFFICE_PASSWORD    of-the-head-office
    ${office}=    Get Credential    head office
    Should Be Equal    ${office}[user]    robot
    Should Be Equal As Strings    ${office}[password]    <secret>
    Should Be Equal    ${{$office["password"].value}}    ${{"-".join(["of", "the", "head", "office"])}}
    Export Credential    head office
    Run Keyword And Expect Error
    ...    there is no credential 'no office'. Looked in the environment: NO_OFFICE_*
    ...    Get Credential
    ...    no office


*** Keywords ***
Name Actions
    [Documentation]    One keyword for each action of the table and step of the playbook.
    On Action    pay    Note Payment
    On Action    send query    Log
    On Action    read reply    No Reply

Payments
    [Documentation]    Payments that are to be paid, as cases.
    [Arguments]    @{ids}
    Use Cases    ${{ [dict(payment=id, country="DE", amount=1200, memo="m") for id in $ids] }}

Never Pay
    [Documentation]    The bank's words, whatever the case.
    [Arguments]    ${case}    ${words}
    Log    not paid: ${case}[id]
    Fail    ${words}

Process The List
    [Documentation]    The decision stands beside the first case, and the formula is still there.
    Read Cases    ${FOLDER}/list.xlsx
    Process Cases    results=${OUTPUT DIR}/list_results.xlsx
    ${row}=    Row Of List    ${FOLDER}/list.xlsx    2
    Should Be Equal    ${{[value for value in $row[4:] if value]}}    ${{["auto", "done", "=SUM(C:C)"]}}

Pay But Not
    [Documentation]    All but one.
    [Arguments]    ${case}    ${exception}
    IF    $case.id == $exception    Fail    the bank is closed
    ${receipt}=    Note Payment    ${case}
    RETURN    ${receipt}

Pay While Somebody Blocks
    [Documentation]    A folder is what no file can replace, on any system.
    [Arguments]    ${case}    ${path}
    Create Directory    ${path}
    ${receipt}=    Note Payment    ${case}
    RETURN    ${receipt}

No Reply
    [Documentation]    The supplier has not answered.
    [Arguments]    ${case}
    Log    nothing from the supplier of ${case}[id]
    RETURN    ${NONE}

Evaluate Nothing But
    [Documentation]    The supplier's reply, whatever the case.
    [Arguments]    ${case}    ${reply}
    Log    a reply about ${case}[id]
    RETURN    ${reply}

A Payment
    [Documentation]    One that is paid, but for the changes.
    [Arguments]    ${id}    &{changes}
    VAR    &{facts}=    payment=${id}    country=DE    amount=${1200}    memo=memo of ${id}
    Set To Dictionary    ${facts}    &{changes}
    RETURN    ${facts}

Paid Should Be
    [Documentation]    These cases in this order, each once.
    [Arguments]    @{ids}
    ${paid}=    Paid Cases
    Should Be Equal    ${paid}    ${ids}
